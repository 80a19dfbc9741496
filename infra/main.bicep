// assay on Azure: Functions on Flex Consumption, storage without keys, alerts; a private network and a Kubernetes cluster as options.
//
// The history has a resource group of its own, so that everything else can be deleted without it.

targetScope = 'subscription'

import { roles } from 'modules/roles.bicep'

@minLength(2)
@maxLength(20)
@description('Name of this deployment: of its resource groups, and so of all that must have a name of its own in the world.')
param environmentName string

@description('Region.')
param location string

@description('Reading needs no key: page and API are open to everybody, at the cost of the owner. The package decides: see azure.yaml.')
param publicRead bool = false

@description('ASSAY_WATCHLIST: the instruments to gather, separated by commas.')
param watchlist string = 'BTC-USD,ETH-USD,LTC-USD,PAXG-USD,XAU-USD,XAG-USD,XPT-USD,XPD-USD,EUR-USD,XAU-USD-AM,XAU-USD-PM,XAG-USD-FIX,XPT-USD-AM,XPT-USD-PM,XPD-USD-AM,XPD-USD-PM,XAU-PLN-FIX'

@description('ASSAY_ACCEPT_TERMS: sources whose terms the owner accepts, separated by commas.')
param acceptTerms string = ''

@description('ASSAY_RESEND_AFTER: how long a payload may be on its way before it is sent again.')
param resendAfter string = '30m'

@description('Address of a secret in a key vault that holds the key for CoinGecko; empty: none. The identity of the program must be allowed to read it.')
param coinGeckoSecretUri string = ''

@allowed([512, 2048, 4096])
@description('Memory of an instance in MB. Time is paid by it.')
param instanceMemoryMB int = 512

@minValue(40)
@maxValue(1000)
@description('Most instances at once.')
param maximumInstanceCount int = 40

@description('Storage is reached through private endpoints only.')
param privateNetwork bool = false

@description('A Kubernetes cluster and a registry, too. It has a price when idle.')
param deployAks bool = false

@description('Size of a node of the cluster.')
param aksNodeSize string = 'Standard_D2as_v5'

@description('Namespace and name of the service account that the program has in the cluster.')
param aksServiceAccount string = 'assay:assay'

@description('Who is told of what is broken and of what gets dear, by mail; empty: nobody.')
param alertEmail string = ''

@minValue(1)
@description('GB of logs that are taken a day.')
param dailyLogQuotaGb int = 1

@description('GB-seconds in six hours above which an alert says that the program runs away.')
param runawayGbSeconds int = 5000

@description('What a month may cost, in the currency of the subscription.')
param budgetAmount int = 10

@description('First day of the first month of the budget, such as 2026-12-01; empty: no budget. Azure takes no other later.')
param budgetStart string = ''

@description('Object id of a person who may use the commands of assay on this storage; empty: nobody.')
param operatorId string = ''

// The cluster has a network of its own, from which private endpoints are not reached.
var name = privateNetwork && deployAks
  ? fail('privateNetwork and deployAks do not go together: the cluster does not reach storage through private endpoints')
  : environmentName
var token = uniqueString(subscription().id, environmentName, location)
var suffix = '${name}-${take(token, 6)}'
var accountName = 'st${token}'
var nodeGroup = 'rg-${name}-nodes'
var identityName = 'id-${suffix}'
var tags = { app: 'assay', environment: environmentName }

// A timer is paid for whatever its function does: those of sources that nobody turned on stand still.
var accepted = map(split(acceptTerms, ','), name => trim(name))
var resting = {
  'AzureWebJobs.FetchBinance.Disabled': !contains(accepted, 'binance')
  'AzureWebJobs.FetchCoinGecko.Disabled': empty(coinGeckoSecretUri)
  'AzureWebJobs.FetchLBMA.Disabled': !contains(accepted, 'lbma')
  'AzureWebJobs.FetchNBP.Disabled': !contains(accepted, 'nbp')
}

resource appGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${name}'
  location: location
  tags: union(tags, { 'azd-env-name': environmentName })
}

resource dataGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${name}-data'
  location: location
  tags: tags
}

module storage 'modules/storage.bicep' = {
  scope: dataGroup
  params: {
    location: location
    name: accountName
    tags: tags
    private: privateNetwork
  }
}

module identity 'modules/identity.bicep' = {
  scope: appGroup
  params: { location: location, name: identityName, tags: tags }
}

module appAccess 'modules/access.bicep' = {
  scope: dataGroup
  params: {
    accountName: accountName
    holder: identityName
    principalId: identity.outputs.principalId
    roleIds: [roles.blobDataOwner, roles.queueDataContributor, roles.tableDataContributor]
  }
  dependsOn: [storage]
}

module operatorAccess 'modules/access.bicep' = if (!empty(operatorId)) {
  scope: dataGroup
  params: {
    accountName: accountName
    holder: operatorId
    principalId: operatorId
    principalType: 'User'
    roleIds: [roles.blobDataContributor, roles.queueDataContributor, roles.tableDataContributor]
  }
  dependsOn: [storage]
}

module monitoring 'modules/monitoring.bicep' = {
  scope: appGroup
  params: {
    location: location
    suffix: suffix
    tags: tags
    dailyQuotaGb: dailyLogQuotaGb
    writer: identityName
    writerId: identity.outputs.principalId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: appGroup
  params: { location: location, suffix: suffix, tags: tags, accountId: storage.outputs.id }
}

module functions 'modules/functions.bicep' = {
  scope: appGroup
  params: {
    location: location
    suffix: suffix
    tags: tags
    identityId: identity.outputs.id
    packageAddress: storage.outputs.packageAddress
    subnetId: network.?outputs.appSubnetId ?? ''
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    settings: union(mapValues(resting, rests => rests ? 'true' : 'false'), {
      AzureWebJobsStorage__accountName: storage.outputs.name
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.outputs.clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
      AzureWebJobsDisableHomepage: 'true' // the page is ours
      // In OpenTelemetry mode, which host.json asks for, each instance sends its runtime's metrics every minute, paid for as logs.
      AzureFunctionsJobHost__telemetryMode: 'ApplicationInsights'
      AzureFunctionsJobHost__logging__logLevel__default: 'Warning'
      AzureFunctionsJobHost__logging__logLevel__Function: 'Warning'
      AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:15' // every look at an empty queue is paid for
      ASSAY_WATCHLIST: watchlist
      ASSAY_ACCEPT_TERMS: acceptTerms
      ASSAY_RESEND_AFTER: resendAfter
      ASSAY_PUBLIC_READ: publicRead ? 'true' : 'false'
      ASSAY_COINGECKO_KEY: empty(coinGeckoSecretUri) ? '' : '@Microsoft.KeyVault(SecretUri=${coinGeckoSecretUri})'
    })
  }
  dependsOn: [appAccess]
}

module alerts 'modules/alerts.bicep' = {
  scope: appGroup
  params: {
    location: location
    suffix: suffix
    tags: tags
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    appId: functions.outputs.id
    accountId: storage.outputs.id
    gbSecondsIn6Hours: runawayGbSeconds
  }
}

// Of all resource groups: that of the nodes is made by the cluster.
resource budget 'Microsoft.Consumption/budgets@2026-06-01' = if (!empty(budgetStart)) {
  name: 'budget-${suffix}'
  properties: {
    category: 'Cost'
    amount: budgetAmount
    timeGrain: 'Monthly'
    timePeriod: { startDate: budgetStart }
    filter: {
      dimensions: {
        name: 'ResourceGroupName'
        operator: 'In'
        values: concat([appGroup.name, dataGroup.name], deployAks ? [nodeGroup] : [])
      }
    }
    notifications: {
      forecast: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: empty(alertEmail) ? [] : [alertEmail]
        contactRoles: ['Owner']
      }
    }
  }
}

module cluster 'modules/cluster.bicep' = if (deployAks) {
  scope: appGroup
  params: {
    location: location
    suffix: suffix
    tags: tags
    nodeGroup: nodeGroup
    nodeSize: aksNodeSize
    serviceAccount: aksServiceAccount
  }
}

module workerAccess 'modules/access.bicep' = if (deployAks) {
  scope: dataGroup
  params: {
    accountName: accountName
    holder: 'worker-${suffix}'
    principalId: cluster.?outputs.workerId ?? ''
    roleIds: [roles.blobDataContributor, roles.queueDataContributor, roles.tableDataContributor]
  }
  dependsOn: [storage]
}

module scalerAccess 'modules/access.bicep' = if (deployAks) {
  scope: dataGroup
  params: {
    accountName: accountName
    holder: 'scaler-${suffix}'
    principalId: cluster.?outputs.scalerId ?? ''
    roleIds: [roles.queueDataReader]
  }
  dependsOn: [storage]
}

@description('Resource group of everything but the history.')
output AZURE_RESOURCE_GROUP string = appGroup.name

@description('Storage account that holds the history.')
output ASSAY_STORAGE_ACCOUNT string = storage.outputs.name

@description('Name of the function app.')
output ASSAY_FUNCTION_APP string = functions.outputs.name

@description('Address of page and API.')
output ASSAY_ADDRESS string = functions.outputs.address

@description('Object id of the identity of the program, for access to a key vault.')
output ASSAY_IDENTITY string = identity.outputs.principalId

@description('Name of the cluster, if there is one.')
output ASSAY_CLUSTER string = cluster.?outputs.name ?? ''

@description('Address of the registry, if there is one.')
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = cluster.?outputs.registry ?? ''

@description('Client id of the identity of the program in the cluster, if there is one.')
output ASSAY_WORKER_CLIENT_ID string = cluster.?outputs.workerClientId ?? ''

@description('Client id of the identity of the KEDA operator, if there is a cluster.')
output ASSAY_SCALER_CLIENT_ID string = cluster.?outputs.scalerClientId ?? ''

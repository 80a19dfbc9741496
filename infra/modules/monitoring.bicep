// Logs and traces, which take no key either.

import { roles } from 'roles.bicep'

@description('Region.')
param location string

@description('Ends the names of what is made here.')
param suffix string

@description('Tags of everything that is made here.')
param tags object

@description('GB of logs that are taken a day. What comes after is lost: it costs nothing, and no alert sees it.')
param dailyQuotaGb int

@description('Name of the identity that writes here.')
param writer string

@description('Object id of the identity that writes here.')
param writerId string

resource logs 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-${suffix}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
    features: { disableLocalAuth: true }
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${suffix}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: logs.id
  }
}

resource publish 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, writer, roles.metricsPublisher)
  properties: {
    principalId: writerId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
  }
}

@description('Resource id of the workspace.')
output workspaceId string = logs.id

@description('Where Application Insights is. It is an address: nobody may write there without an identity.')
output connectionString string = insights.properties.ConnectionString

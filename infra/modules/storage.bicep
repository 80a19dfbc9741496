// The history: one storage account that takes no key, and a lock that keeps it.

@description('Region.')
param location string

@description('Name of the account.')
param name string

@description('Tags of the account.')
param tags object

@description('No access but through private endpoints.')
param private bool

var containers = ['app-package', 'charts', 'jobs', 'raw']
var queues = ['backfill', 'clean-prices', 'jobs', 'raw-prices']
var tables = ['bars', 'chunks1d', 'chunks1h', 'chunks1m', 'jobs', 'receipts', 'rejects', 'series', 'sources']

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    accessTier: 'Hot' // and nothing moves from there: to move a small blob costs more than to keep it
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'None', defaultAction: private ? 'Deny' : 'Allow' }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: true, days: 7 }
      containerDeleteRetentionPolicy: { enabled: true, days: 7 }
    }

    resource all 'containers' = [for container in containers: { name: container }]
  }

  resource queueService 'queueServices' = {
    name: 'default'

    resource all 'queues' = [for queue in queues: { name: queue }]
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource all 'tables' = [for table in tables: { name: table }]
  }
}

resource keep 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: account
  name: 'keep-the-history'
  properties: {
    level: 'CanNotDelete'
    notes: 'Raw prices cannot be had again. docs/deploy.md says how to remove them.'
  }
}

@description('Name of the account.')
output name string = account.name

@description('Resource id of the account.')
output id string = account.id

@description('Address of the container that holds the deployed package.')
output packageAddress string = '${account.properties.primaryEndpoints.blob}${containers[0]}'

// The same functions on Kubernetes: a cluster with KEDA, a registry for its image, and two identities that need no secret.

import { roles } from 'roles.bicep'

@description('Region.')
param location string

@description('Ends the names of what is made here.')
param suffix string

@description('Tags of everything that is made here.')
param tags object

@description('Resource group that the cluster makes for its nodes.')
param nodeGroup string

@description('Size of a node.')
param nodeSize string

@description('Namespace and service account that the program runs as.')
param serviceAccount string

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'cr${uniqueString(resourceGroup().id)}'
  location: location
  tags: tags
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: false, anonymousPullEnabled: false }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2026-01-01' = {
  name: 'aks-${suffix}'
  location: location
  tags: tags
  sku: { name: 'Base', tier: 'Free' }
  identity: { type: 'SystemAssigned' }
  properties: {
    dnsPrefix: suffix
    nodeResourceGroup: nodeGroup
    enableRBAC: true
    disableLocalAccounts: true
    aadProfile: { managed: true, enableAzureRBAC: true }
    oidcIssuerProfile: { enabled: true }
    securityProfile: {
      workloadIdentity: { enabled: true }
      imageCleaner: { enabled: true, intervalHours: 168 }
    }
    workloadAutoScalerProfile: { keda: { enabled: true } }
    autoUpgradeProfile: { upgradeChannel: 'stable', nodeOSUpgradeChannel: 'NodeImage' }
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkDataplane: 'cilium'
      networkPolicy: 'cilium'
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        type: 'VirtualMachineScaleSets'
        osType: 'Linux'
        osSKU: 'AzureLinux'
        vmSize: nodeSize
        enableAutoScaling: true
        count: 1
        minCount: 1
        maxCount: 3
      }
    ]
  }
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: registry
  name: guid(registry.id, cluster.id, roles.acrPull)
  properties: {
    principalId: cluster.properties.identityProfile!.kubeletidentity.objectId!
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.acrPull)
  }
}

// KEDA's operator asks how long the queues are, and may do nothing else: so it is not the identity of the program.
resource worker 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-worker-${suffix}'
  location: location
  tags: tags

  resource federation 'federatedIdentityCredentials' = {
    name: 'worker'
    properties: {
      issuer: cluster.properties.oidcIssuerProfile!.issuerURL
      subject: 'system:serviceaccount:${serviceAccount}'
      audiences: ['api://AzureADTokenExchange']
    }
  }
}

resource scaler 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-scaler-${suffix}'
  location: location
  tags: tags

  resource federation 'federatedIdentityCredentials' = {
    name: 'keda-operator'
    properties: {
      issuer: cluster.properties.oidcIssuerProfile!.issuerURL
      subject: 'system:serviceaccount:kube-system:keda-operator'
      audiences: ['api://AzureADTokenExchange']
    }
  }
}

@description('Name of the cluster.')
output name string = cluster.name

@description('Address of the registry.')
output registry string = registry.properties.loginServer

@description('Client id of the identity of the program.')
output workerClientId string = worker.properties.clientId

@description('Object id of the identity of the program.')
output workerId string = worker.properties.principalId

@description('Client id of the identity of the KEDA operator.')
output scalerClientId string = scaler.properties.clientId

@description('Object id of the identity of the KEDA operator.')
output scalerId string = scaler.properties.principalId

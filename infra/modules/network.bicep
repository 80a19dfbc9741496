// A network in which the storage account has addresses of its own, and is reached from nowhere else.

@description('Region.')
param location string

@description('Ends the names of what is made here.')
param suffix string

@description('Tags of everything that is made here.')
param tags object

@description('Resource id of the storage account.')
param accountId string

var services = ['blob', 'queue', 'table']

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet-${suffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] }
  }

  resource endpointSubnet 'subnets' = {
    name: 'endpoints'
    properties: { addressPrefix: '10.0.1.0/24' }
  }

  resource appSubnet 'subnets' = {
    name: 'app'
    properties: {
      addressPrefix: '10.0.2.0/24'
      delegations: [
        { name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } } // what Flex Consumption wants
      ]
    }
    dependsOn: [endpointSubnet] // one change of a network at a time
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [for service in services: {
  name: 'privatelink.${service}.${environment().suffixes.storage}'
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (service, i) in services: {
  parent: zones[i]
  name: network.name
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: { id: network.id }
  }
}]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [for service in services: {
  name: 'pe-${service}-${suffix}'
  location: location
  tags: tags
  properties: {
    subnet: { id: network::endpointSubnet.id }
    privateLinkServiceConnections: [
      {
        name: service
        properties: { privateLinkServiceId: accountId, groupIds: [service] }
      }
    ]
  }
}]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [for (service, i) in services: {
  parent: endpoints[i]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      { name: service, properties: { privateDnsZoneId: zones[i].id } }
    ]
  }
}]

@description('Subnet that the program calls from.')
output appSubnetId string = network::appSubnet.id

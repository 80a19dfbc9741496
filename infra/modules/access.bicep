// Who may do what with the data in the storage account.

@description('Name of the storage account.')
param accountName string

@description('A name of who gets the roles that is known before it is made: an assignment is named after it.')
param holder string

@description('Object id of who gets the roles.')
param principalId string

@allowed(['ServicePrincipal', 'User', 'Group'])
@description('What principalId is. Without it an identity that was made a moment ago is not found.')
param principalType string = 'ServicePrincipal'

@description('Ids of the roles, from roles.bicep.')
param roleIds string[]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for roleId in roleIds: {
  scope: account
  name: guid(account.id, holder, roleId)
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
  }
}]

// What somebody is told of: a broken condition, a program that runs away and storage that does not answer.

@description('Region.')
param location string

@description('Ends the names of what is made here.')
param suffix string

@description('Tags of everything that is made here.')
param tags object

@description('Who is told, by mail; empty: nobody, and the alerts are in the portal only.')
param email string

@description('Workspace with the logs.')
param workspaceId string

@description('Resource id of the function app.')
param appId string

@description('Resource id of the storage account.')
param accountId string

@description('GB-seconds in six hours above which the program runs away.')
param gbSecondsIn6Hours int

resource told 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'assay'
    emailReceivers: [{ name: 'owner', emailAddress: email, useCommonAlertSchema: true }]
  }
}

var groups = empty(email) ? [] : [told.id]

resource broken 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = {
  name: 'broken-${suffix}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Something is broken: the result says what'
    severity: 2
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT1H'
    windowSize: 'P1D'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: loadTextContent('broken.kql')
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: groups }
  }
}

// Azure counts MB-milliseconds of which 1,024,000 are a GB-second.
var metrics = [
  {
    name: 'runaway'
    description: 'The functions run more than they should: it costs money'
    scope: appId
    namespace: 'Microsoft.Web/sites'
    metric: 'OnDemandFunctionExecutionUnits'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: gbSecondsIn6Hours * 1024000
    window: 'PT6H'
    frequency: 'PT1H'
  }
  {
    name: 'storage'
    description: 'Storage does not answer'
    scope: accountId
    namespace: 'Microsoft.Storage/storageAccounts'
    metric: 'Availability'
    aggregation: 'Average'
    operator: 'LessThan'
    threshold: 99
    window: 'PT1H'
    frequency: 'PT15M'
  }
]

resource metricRules 'Microsoft.Insights/metricAlerts@2026-01-01' = [for m in metrics: {
  name: '${m.name}-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: m.description
    severity: 2
    enabled: true
    scopes: [m.scope]
    evaluationFrequency: m.frequency
    windowSize: m.window
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: m.name
          metricNamespace: m.namespace
          metricName: m.metric
          timeAggregation: m.aggregation
          operator: m.operator
          threshold: m.threshold
        }
      ]
    }
    actions: [for group in groups: { actionGroupId: group }]
  }
}]

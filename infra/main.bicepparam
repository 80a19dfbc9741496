using 'main.bicep'

// azd sets the first two; the others are yours to set: azd env set ASSAY_ALERT_EMAIL me@example.com
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'assay')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')

param publicRead = bool(readEnvironmentVariable('ASSAY_PUBLIC_READ', 'false'))
param acceptTerms = readEnvironmentVariable('ASSAY_ACCEPT_TERMS', '')
param coinGeckoSecretUri = readEnvironmentVariable('ASSAY_COINGECKO_SECRET_URI', '')
param instanceMemoryMB = 512
param privateNetwork = bool(readEnvironmentVariable('ASSAY_PRIVATE_NETWORK', 'false'))
param deployAks = bool(readEnvironmentVariable('ASSAY_DEPLOY_AKS', 'false'))
param alertEmail = readEnvironmentVariable('ASSAY_ALERT_EMAIL', '')
param budgetAmount = int(readEnvironmentVariable('ASSAY_BUDGET_AMOUNT', '10'))
param budgetStart = readEnvironmentVariable('ASSAY_BUDGET_START', '')
param operatorId = readEnvironmentVariable('ASSAY_OPERATOR_ID', '')

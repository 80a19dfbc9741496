using '../main.bicep'

param environmentName = 'assay'
param location = 'westeurope'
param privateNetwork = true

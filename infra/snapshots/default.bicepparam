using '../main.bicep'

param environmentName = 'assay'
param location = 'westeurope'
param alertEmail = 'owner@example.com'
param budgetStart = '2026-12-01'

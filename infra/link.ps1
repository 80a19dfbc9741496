# Prints the address of the deployed page, with its key where reading needs one. azd gives the three names.
$ErrorActionPreference = 'Stop'
$address = "$env:ASSAY_ADDRESS/"
if ($env:ASSAY_PUBLIC_READ -ne 'true') {
  $key = az functionapp keys list --resource-group $env:AZURE_RESOURCE_GROUP --name $env:ASSAY_FUNCTION_APP --query functionKeys.default --output tsv
  if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
  $address += "?code=$key"
}
Write-Output "The page: $address"

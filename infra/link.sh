#!/bin/sh
# Prints the address of the deployed page, with its key where reading needs one. azd gives the three names.
set -eu
address="$ASSAY_ADDRESS/"
if [ "${ASSAY_PUBLIC_READ:-false}" != true ]; then
  key=$(az functionapp keys list --resource-group "$AZURE_RESOURCE_GROUP" --name "$ASSAY_FUNCTION_APP" --query functionKeys.default --output tsv)
  address="$address?code=$key"
fi
echo "The page: $address"

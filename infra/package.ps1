# What make package does, on Windows: the folder that azd zips.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
go build -o build/assay.exe .
$env:CGO_ENABLED, $env:GOOS, $env:GOARCH = '0', 'linux', 'amd64'
go build -trimpath -tags grpcnotrace -ldflags '-s -w' -o build/linux/assay .
$read = if ($env:ASSAY_PUBLIC_READ) { $env:ASSAY_PUBLIC_READ } else { 'false' }
build/assay.exe stage --package --public-read=$read --binary build/linux/assay build/app

package host

import (
	"debug/elf"
	"fmt"
)

// checkBinary refuses what the Functions host in Azure cannot start. Flex Consumption runs Linux on x64, and its image need
// not have the C library that a dynamic binary asks for.
func checkBinary(name string) error {
	file, err := elf.Open(name)
	if err != nil {
		return fmt.Errorf("%s is no linux binary: build it with CGO_ENABLED=0 GOOS=linux GOARCH=amd64", name)
	}
	defer file.Close()
	if file.Machine != elf.EM_X86_64 {
		return fmt.Errorf("%s is for %v: build it with GOARCH=amd64", name, file.Machine)
	}
	if file.OSABI != elf.ELFOSABI_NONE && file.OSABI != elf.ELFOSABI_LINUX {
		return fmt.Errorf("%s is for %v: build it with GOOS=linux", name, file.OSABI)
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked dynamically: build it with CGO_ENABLED=0", name)
		}
	}
	return nil
}

package handlers

import (
	"testing"

	"assay/shared/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

package commands

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"assay/shared/source"
)

// patience is how long the providers have to answer before a market is chosen.
const patience = 4 * time.Second

// chooseMarket says whether prices are to be simulated, and why in a sentence.
func (p *Program) chooseMarket(ctx context.Context, l local) (simulated bool, why string, err error) {
	const madeUp = "Simulated market: the prices are made up"
	server := p.App.Config.SourceURL
	switch l.market {
	case "live":
		if server != "" {
			return false, "", usageError{fmt.Errorf("the market is to be live, and ASSAY_SOURCE_URL names a server in every provider's place: unset it")}
		}
		return false, "Live market", nil
	case "sim":
		return true, madeUp, nil
	case "auto":
	default:
		return false, "", usageError{fmt.Errorf("the market %.40q is not known: want auto, live or sim", l.market)}
	}
	if server != "" {
		return true, madeUp + ", by the server that ASSAY_SOURCE_URL names", nil
	}
	if name := p.answering(ctx); name != "" {
		return false, "Live market: " + name + " answers", nil
	}
	held, err := holdsPrices(l.data)
	switch {
	case err != nil:
		return false, "", err
	case held:
		return false, "Live market: no provider answers now, but real prices are stored; more are gathered when one does", nil
	}
	return true, madeUp + ", because no provider answers; MARKET=live make run waits for real ones", nil
}

// answering returns the first provider that answers as it should, or nothing when none does in time.
func (p *Program) answering(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	names := make(chan string, len(source.All))
	for _, s := range source.All {
		go func() {
			if s.Inert(p.App.Config.AcceptTerms, p.App.Config.Keys) != "" || p.App.Answers(ctx, s) != nil {
				names <- ""
				return
			}
			names <- s.Name
		}()
	}
	for range source.All {
		if name := <-names; name != "" {
			return name
		}
	}
	return ""
}

// holdsPrices reports whether anything was ever stored in Azurite's folder: there is no price without a raw blob. To ask the
// storage for its mark it would have to run.
func holdsPrices(folder string) (bool, error) {
	blobs, err := os.ReadDir(filepath.Join(folder, "__blobstorage__"))
	if os.IsNotExist(err) {
		err = nil
	}
	return len(blobs) > 0, err
}

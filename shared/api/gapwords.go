package api

import (
	"fmt"

	"assay/shared/gaps"
	"assay/shared/market"
	"assay/shared/source"
)

// why says a reason in a sentence.
func (s known) why(reason gaps.Reason, i market.Interval) string {
	src, provider := source.Find(s.ID.Source)
	again := fmt.Sprintf("Reconcile asks for the last 30 days of minutes and five years of days; assay backfill %s --interval %s --from … for more.", s.ID, i)
	switch reason {
	case gaps.Closed:
		return fmt.Sprintf("The market (calendar %s) has no price then.", s.Instrument.Calendar)
	case gaps.NoTrade:
		return "The source answered for this time without a bar: nothing was traded, or it did not list the instrument yet."
	case gaps.Halted:
		return "The source answered for this time without a bar, while other venues traded."
	case gaps.Rejected:
		return "What was said of this time was refused: /api/v1/rejects says by which rule."
	case gaps.Failure:
		return "Prices were gathered before and after, but not then; the source still has them. " + again
	case gaps.Beyond:
		return s.beyond(src)
	default:
		if provider || s.ID.Source == "" {
			return "No answer for this time was got yet. " + again
		}
		return "Nothing was pushed or imported for this time."
	}
}

// beyond names the limit, and the ways out.
func (s known) beyond(src source.Source) string {
	limit := "No source that is asked has it any more."
	if src.Name != "" {
		limit = fmt.Sprintf("%s does not have it any more. Its history: %s", src.Title, src.Manner.History)
	}
	way := fmt.Sprintf(" A file can be imported: assay import FILE --series %s.", s.ID)
	if s.Instrument.Class == market.Metal && s.Instrument.Kind == market.Spot {
		way += " London's fixes reach back to 1968, as instruments of their own: add lbma to ASSAY_ACCEPT_TERMS if its terms suit you."
	}
	return limit + way
}

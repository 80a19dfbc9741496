package market

// Row is one record as its source sent it. Every field is optional: an empty text is an absent field. Prices are decimal
// text, because a float would already have decided something.
type Row struct {
	Series      SeriesID
	Interval    Interval
	Number      int    // where it stands in its payload, from 1, as a reader would count: line of a file, element of an array
	Start       int64  // Unix seconds; meaningless when BadTime is set
	BadTime     string // the time as sent, when it could not be read or is not a whole second
	Open        string
	High        string
	Low         string
	Close       string
	Volume      string // in the instrument's own unit
	QuoteVolume string // in the quote currency, where the source sends both: tells exchanged columns
	Currency    string // as the payload states it; empty where it does not
	Unit        string // as the payload states it: toz, g, kg; empty where it does not
	Unfinished  bool   // the payload says that the interval had not ended
	Sampled     bool   // a quote, looked at in this interval: it has a close only, and is final before the interval ends
	Unreadable  string // why nothing of the record can be read, a sentence's end; empty when it can
	Text        string // the record itself, for the reject; may be cut
}

// Reject is a record, or a field of one, that was refused, and why.
type Reject struct {
	Series SeriesID
	Record int    // which WARC record of the blob, from 0
	Row    int    // Row.Number; 0 when the whole payload was refused
	Start  int64  // Unix seconds; 0 when the time is unknown
	Rule   string // the name of the rule, such as absent or high-below-low
	Field  string // the field's name; empty when the whole row was refused
	Text   string // the original text, at most 4 KiB
	Reason string // a sentence for people
}

// Span is a run of one series' bars: [From, To) in Unix seconds, aligned to the interval.
type Span struct {
	Series   SeriesID `json:"series"`
	Interval Interval `json:"interval"`
	From     int64    `json:"from"`
	To       int64    `json:"to"`
	Own      bool     `json:"own,omitempty"` // the source's own interface gave them: they move its watermark
}

// Verdict is what the consensus decided about one source's bar, and by which rule.
type Verdict struct {
	Source string
	Ruling Ruling
}

// Ruling is the rule that decided a source's vote. Its values are stored: append, never reorder.
type Ruling uint8

// The rulings.
const (
	NotPresent Ruling = iota // the source has no bar here
	Voted                    // its bar is in the median
	LowerRole                // a better role is present
	Rulings    = iota        // how many there are
)

// String returns the ruling's name.
func (r Ruling) String() string { return [...]string{"not-present", "voted", "lower-role"}[r] }

// Decision is how a consensus bar came about.
type Decision struct {
	Votes      int
	Dispersion float64 // largest distance of a voting close from the median, in basis points; Absent with fewer than two votes
	Verdicts   []Verdict
}

package api

import "github.com/danielgtaylor/huma/v2"

// words say what a member is that means the same wherever it stands; its tag doc says it where it means something else there.
var words = map[string]string{
	"calendar": "When the market is expected to have a price",
	"class":    "What is priced: crypto, metal or fx",
	"close":    "Last price of each bar",
	"currency": "What prices are in, ISO 4217",
	"flags":    "Why the bar is not simply what its source said",
	"from":     "Included",
	"high":     "Highest price of each bar",
	"interval": "Length of the bars, such as 1m, 1h, 1d, 1w or 1mo",
	"kind":     "What kind of price: spot, fix, future or token",
	"low":      "Lowest price of each bar",
	"open":     "First price of each bar",
	"series":   "An instrument, for its consensus, or one source's view of it",
	"source":   "A provider, or the name of an import or a device",
	"time":     "Starts of the bars, epoch seconds UTC, ascending",
	"to":       "Not included",
	"unit":     "What one price buys",
	"value":    "One for each time, null where there is none",
	"volume":   "Traded in each bar, in the unit",

	// Of growth.
	"n":            "Returns",
	"total":        "P_T/P_0 - 1, a fraction",
	"cagr":         "(P_T/P_0)^(periodsPerYear/n) - 1, a fraction per year",
	"cagrCalendar": "(P_T/P_0)^(365.25/days) - 1, over the days between the two",
}

// describeMembers gives a description to the members of a schema that have none, and to theirs.
func describeMembers(s *huma.Schema) {
	if s == nil {
		return
	}
	for name, member := range s.Properties {
		if member.Description == "" {
			member.Description = words[name]
		}
		describeMembers(member)
	}
	describeMembers(s.Items)
	for _, one := range append(s.OneOf, s.AnyOf...) {
		describeMembers(one)
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		describeMembers(more)
	}
}

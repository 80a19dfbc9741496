package handlers

import (
	"encoding/json"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"assay/shared/source"
)

// mostUSD is what a month may cost beyond the free grants.
const mostUSD = 3.0

// costTable returns the rows of the table of docs/cost.md whose header begins with some cells, without code marks and stars.
func costTable(t *testing.T, header string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../docs/cost.md")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, header):
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "|---"):
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for n := range cells {
				cells[n] = strings.Trim(cells[n], " `*")
			}
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("docs/cost.md has no table that begins %s", header)
	}
	return rows
}

// bill computes formulas over what was named before.
type bill struct {
	t     *testing.T
	names *types.Package
}

func (b bill) set(name string, value constant.Value) {
	kind := types.Typ[types.UntypedFloat]
	if value.Kind() == constant.Int {
		kind = types.Typ[types.UntypedInt]
	}
	if b.names.Scope().Insert(types.NewConst(token.NoPos, b.names, name, kind, value)) != nil {
		b.t.Errorf("docs/cost.md names %s twice", name)
	}
}

func (b bill) value(formula string) constant.Value {
	b.t.Helper()
	result, err := types.Eval(token.NewFileSet(), b.names, token.NoPos, formula)
	if err != nil || result.Value == nil {
		b.t.Fatalf("docs/cost.md: formula %s: %v", formula, err)
	}
	return constant.ToFloat(result.Value)
}

// USD returns the sum of the lines of a table, each of which says what its formula gives.
func (b bill) USD(rows [][]string) (sum float64) {
	b.t.Helper()
	for _, row := range rows {
		usd := sum
		if row[1] != "" {
			usd, _ = constant.Float64Val(b.value(row[1]))
			sum += usd
		}
		if got := fmt.Sprintf("%.2f", usd); got != row[2] {
			b.t.Errorf("docs/cost.md: %s is %s USD, want %s", row[0], row[2], got)
		}
	}
	return sum
}

// TestCost computes docs/cost.md from its own tables: prices, what the counted turn takes, and how often what runs.
func TestCost(t *testing.T) {
	b := bill{t, types.NewPackage("cost", "cost")}
	for _, row := range costTable(t, "| name | price of |") {
		b.set(row[0], constant.MakeFromLiteral(row[2], token.FLOAT, 0))
	}
	for _, row := range turnRows(t) {
		for name, n := range row.named() {
			b.set(name, constant.MakeInt64(int64(n)))
		}
	}
	for _, row := range costTable(t, "| name | formula |") {
		value := b.value(row[1])
		if got, want := strings.ReplaceAll(row[2], ",", ""), shown(value); got != want {
			t.Errorf("docs/cost.md: %s is %s, want %s", row[0], row[2], want)
		}
		b.set(row[0], value)
	}
	runs, fetches := timerRuns(t)
	for name, want := range map[string]int{"timers": runs, "answers": fetches} {
		if got := shown(b.value(name)); got != strconv.Itoa(want) {
			t.Errorf("docs/cost.md counts %s %s, functions/ has %d", got, name, want)
		}
	}
	tables := costTable(t, "| line | formula |")
	last := len(tables) - 3 // those that come on top
	if month := b.USD(tables[:last]); month > mostUSD {
		t.Errorf("a month costs %.2f USD, want at most %.2f", month, mostUSD)
	}
	for _, row := range tables[last:] {
		b.USD([][]string{row})
	}
}

// shown writes a quantity as docs/cost.md does, but without commas: to three places at most.
func shown(value constant.Value) string {
	f, _ := constant.Float64Val(value)
	text, _ := strings.CutSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 3, 64), "0"), ".")
	return text
}

// runsIn30Days are how often the schedules of functions/ fire in 30 days, 22 of them business days.
var runsIn30Days = map[string]int{
	"20 */5 * * * *": 12 * 24 * 30, "40 7,37 * * * *": 2 * 24 * 30,
	"20 */15 14-17 * * 1-5": 4 * 4 * 22, "20 */15 9-18 * * 1-5": 4 * 10 * 22, "20 */15 9-13 * * 1-5": 4 * 5 * 22,
}

// timerRuns returns how often timers fire in 30 days, and of those the sources', where those that must be turned on stand still.
func timerRuns(t *testing.T) (runs, fetches int) {
	t.Helper()
	files, err := filepath.Glob("../functions/*/function.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Bindings []struct{ Schedule string } }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		schedule := file.Bindings[0].Schedule
		name, fetch := strings.CutPrefix(filepath.Base(filepath.Dir(path)), "Fetch")
		if s, _ := source.Find(strings.ToLower(name)); schedule == "" || s.Inert(nil, nil) != "" {
			continue
		}
		if runsIn30Days[schedule] == 0 {
			t.Errorf("%s: how often does %q fire in 30 days?", path, schedule)
		}
		runs += runsIn30Days[schedule]
		if fetch {
			fetches += runsIn30Days[schedule]
		}
	}
	return runs, fetches
}

package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/analysis"
)

// Jobs makes the files of jobs. It only reads; who runs a job keeps what it makes.
type Jobs struct{ api *api }

// NewJobs returns what makes the files of jobs out of what New's handler serves.
func NewJobs(options Options) *Jobs { return &Jobs{&api{Options: options}} }

// Reason returns what is wrong with a request, for an error that trying again does not mend.
func Reason(err error) (why string, permanent bool) {
	var p *huma.ErrorModel
	if errors.As(err, &p) && p.Status < http.StatusInternalServerError {
		return p.Detail, true
	}
	return "", false
}

// JobRows is a table that a job makes: a row for each of what it was asked about.
type JobRows struct {
	Request *JobRequest       `json:"request,omitempty"`
	Rows    []json.RawMessage `json:"rows"`
}

// Make makes one file of a job; made gives those that it joins.
func (j *Jobs) Make(ctx context.Context, r *JobRequest, file string, made func(file string) ([]byte, error)) ([]byte, error) {
	switch {
	case r.Kind == "clustering" && file == jobResult:
		return j.clusters(ctx, r)
	case r.Kind == "clustering" || r.Kind == "images":
		return j.draw(ctx, r, file)
	case r.Kind == "export":
		return j.export(ctx, r, strings.TrimSuffix(file, "-"+r.Interval+".csv"))
	case file == jobResult:
		return joined(r, made)
	}
	_, subject, _ := strings.Cut(strings.TrimSuffix(file, ".json"), "-")
	switch r.Kind {
	case "cointegration":
		return j.pairs(ctx, r, subject)
	case "garch":
		return j.garch(ctx, r, subject)
	default:
		cut := strings.LastIndex(subject, "-")
		return j.backtest(ctx, r, subject[:cut], subject[cut+1:])
	}
}

// joined puts the rows of several files together.
func joined(r *JobRequest, made func(file string) ([]byte, error)) ([]byte, error) {
	all := JobRows{Request: r, Rows: []json.RawMessage{}}
	for _, file := range r.Joins() {
		content, err := made(file)
		if err != nil {
			return nil, err
		}
		var some JobRows
		if err := json.Unmarshal(content, &some); err != nil {
			return nil, err
		}
		all.Rows = append(all.Rows, some.Rows...)
	}
	return json.Marshal(all)
}

func rowsOf[T any](rows ...T) ([]byte, error) {
	return json.Marshal(struct {
		Rows []T `json:"rows"`
	}{rows})
}

func (j *Jobs) draw(ctx context.Context, r *JobRequest, file string) ([]byte, error) {
	q, err := r.picture(file).parse()
	if err != nil {
		return nil, err
	}
	list, err := j.read(ctx, r, r.Series...)
	if err != nil {
		return nil, err
	}
	picture, err := j.api.picture(ctx, q, list)
	if err != nil {
		return nil, err
	}
	return rendered(picture, q.format), nil
}

// export prints the bars of a series as /series/{id}/bars does.
func (j *Jobs) export(ctx context.Context, r *JobRequest, id string) ([]byte, error) {
	answer, err := j.api.getBars(ctx, &barsInput{ID: id, Interval: r.Interval, From: moment(r.From), To: moment(r.To), Currency: r.Currency, Unit: r.Unit, Format: "csv"})
	if err != nil {
		return nil, err
	}
	return answer.body(), nil
}

// JobClusters is the result of a job of the kind clustering.
type JobClusters struct {
	Request      *JobRequest  `json:"request"`
	Series       []string     `json:"series"`
	Returns      int          `json:"returns" doc:"Log returns between times that all series have"`
	Distance     string       `json:"distance"`
	Correlations [][]*float64 `json:"correlations"`
	Cluster      []int        `json:"cluster" doc:"Of each series, from 1 in the order of the leaves"`
	Merges       []JobMerge   `json:"merges" doc:"Merge i makes the cluster of number n+i; numbers below n are the series"`
	Leaves       []int        `json:"leaves" doc:"The series in the order in which the tree is drawn"`
}

// JobMerge joins two clusters.
type JobMerge struct {
	Joins    [2]int  `json:"joins"`
	Distance float64 `json:"distance"`
	Size     int     `json:"size"`
}

func (j *Jobs) clusters(ctx context.Context, r *JobRequest) ([]byte, error) {
	q, err := r.picture("dendrogram.svg").parse()
	if err != nil {
		return nil, err
	}
	list, err := j.read(ctx, r, r.Series...)
	if err != nil {
		return nil, err
	}
	tree, matrix, n, err := clustered(list, q.method, q.linkage)
	if err != nil {
		return nil, err
	}
	out := JobClusters{
		Request: r, Series: r.Series, Returns: n, Distance: "sqrt((1-rho)/2), " + q.method + " rho, " + string(q.linkage) + " linkage", Cluster: tree.Cut(q.clusters), Leaves: tree.Leaves,
	}
	for i, pair := range tree.Merges {
		out.Merges = append(out.Merges, JobMerge{pair, tree.Heights[i], tree.Sizes[i]})
	}
	for _, row := range matrix {
		out.Correlations = append(out.Correlations, numbers(row...))
	}
	return json.Marshal(out)
}

// numbers prints what is absent as null.
func numbers(values ...float64) []*float64 {
	out := make([]*float64, len(values))
	for i, v := range values {
		if !math.IsNaN(v) {
			out[i] = &v
		}
	}
	return out
}

// JobPair is a row of a job of the kind cointegration: y = intercept + hedgeRatio x + what is tested for a unit root, in logarithms.
type JobPair struct {
	Y          string   `json:"y"`
	X          string   `json:"x"`
	Prices     int      `json:"prices" doc:"At times that both have"`
	Statistic  *float64 `json:"statistic"`
	P          *float64 `json:"p" doc:"Of no cointegration, by MacKinnon"`
	Lags       int      `json:"lags"`
	Intercept  *float64 `json:"intercept"`
	HedgeRatio *float64 `json:"hedgeRatio"`
	HalfLife   *float64 `json:"halfLife" doc:"Bars in which half of a deviation is gone"`
	Reason     string   `json:"reason,omitempty" doc:"Why there is no test"`
}

// pairs tests one series against all that come after it, both ways.
func (j *Jobs) pairs(ctx context.Context, r *JobRequest, id string) ([]byte, error) {
	var rest []string
	for n := range r.Series {
		if r.Series[n] == id {
			rest = r.Series[n:]
		}
	}
	list, err := j.read(ctx, r, rest...)
	if err != nil {
		return nil, err
	}
	var rows []JobPair
	for n := 1; n < len(list); n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		times, logs := analysis.InnerJoin(logarithms(&list[0]), logarithms(&list[n]))
		for _, way := range [2][2]int{{0, 1}, {1, 0}} {
			ids := [2]string{rest[0], rest[n]}
			row := JobPair{Y: ids[way[0]], X: ids[way[1]], Prices: len(times)}
			test, err := analysis.EngleGranger(logs[way[0]], logs[way[1]], analysis.ConstantOnly)
			if err != nil {
				row.Reason = err.Error()
			} else {
				row.Lags = test.Lags
				cells := numbers(test.Statistic, test.P, test.Intercept, test.HedgeRatio, test.HalfLife.Number)
				row.Statistic, row.P, row.Intercept, row.HedgeRatio, row.HalfLife = cells[0], cells[1], cells[2], cells[3], cells[4]
			}
			rows = append(rows, row)
		}
	}
	return rowsOf(rows...)
}

func logarithms(o *observed) analysis.Series {
	s := o.closes()
	for n, v := range s.Value {
		s.Value[n] = math.NaN()
		if v > 0 {
			s.Value[n] = math.Log(v)
		}
	}
	return s
}

// JobGARCH is a row of a job of the kind garch: a GARCH(1,1) with normal errors of log returns in per cent.
type JobGARCH struct {
	Series        string   `json:"series"`
	Returns       int      `json:"returns"`
	Mu            *float64 `json:"mu"`
	Omega         *float64 `json:"omega"`
	Alpha         *float64 `json:"alpha"`
	Beta          *float64 `json:"beta"`
	Persistence   *float64 `json:"persistence" doc:"alpha + beta"`
	LogLikelihood *float64 `json:"logLikelihood"`
	Next          *float64 `json:"next" doc:"Standard deviation of the next return, in per cent"`
	NextAnnual    *float64 `json:"nextAnnual" doc:"The same, annualised"`
	PeriodsYear   float64  `json:"periodsPerYear"`
	Reason        string   `json:"reason,omitempty" doc:"Why there is no model, or why it is in doubt"`
}

func (j *Jobs) garch(ctx context.Context, r *JobRequest, id string) ([]byte, error) {
	list, err := j.read(ctx, r, id)
	if err != nil {
		return nil, err
	}
	returns := analysis.Drop(analysis.LogReturns(list[0].closes().Value))
	for n := range returns {
		returns[n] *= 100
	}
	row := JobGARCH{Series: id, Returns: len(returns), PeriodsYear: list[0].perYear}
	g, err := analysis.FitGARCH(returns, false)
	if err != nil {
		row.Reason = err.Error()
		return rowsOf(row)
	}
	next := g.Forecast(1)[0]
	cells := numbers(g.Mu, g.Omega, g.Alpha, g.Beta, g.Persistence, g.LogLikelihood, next, next*math.Sqrt(list[0].perYear))
	row.Mu, row.Omega, row.Alpha, row.Beta, row.Persistence, row.LogLikelihood, row.Next, row.NextAnnual = cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]
	row.Reason = string(g.Doubt)
	return rowsOf(row)
}

// JobBacktest is a row of a job of the kind backtest.
type JobBacktest struct {
	Series     string   `json:"series"`
	Model      string   `json:"model"`
	Closes     int      `json:"closes" doc:"The newest, at most 1,000"`
	Horizon    int      `json:"horizon"`
	Origins    int      `json:"origins" doc:"From which the model forecast"`
	MAE        *float64 `json:"mae"`
	RMSE       *float64 `json:"rmse"`
	SMAPE      *float64 `json:"smape" doc:"In per cent"`
	MASE       *float64 `json:"mase"`
	Coverage80 *float64 `json:"coverage80" doc:"Share of what came within the 80 % interval"`
	Coverage95 *float64 `json:"coverage95"`
	NaiveMASE  *float64 `json:"naiveMase" doc:"Of the forecast that the last close stays, from the same origins"`
	Skill      *float64 `json:"skill" doc:"Share of the naive forecast's error that the model avoids; not above 0: no skill"`
	Reason     string   `json:"reason,omitempty" doc:"Why there is no backtest, or why there would be no forecast"`
}

func (j *Jobs) backtest(ctx context.Context, r *JobRequest, id, model string) ([]byte, error) {
	list, err := j.read(ctx, r, id)
	if err != nil {
		return nil, err
	}
	closes := newest(list[0].closes(), mostFitted).Value
	row := JobBacktest{Series: id, Model: model, Closes: len(closes), Horizon: r.Horizon}
	if len(closes) < leastFitted(r.Horizon) {
		row.Reason = string(analysis.TooFew)
		return rowsOf(row)
	}
	outlook, err := foretold(closes, model, r.Horizon, r.Origins)
	if err != nil {
		row.Reason = err.Error()
		return rowsOf(row)
	}
	b := outlook.Backtest
	row.Origins, row.Reason = b.Origins, string(outlook.Withheld)
	cells := numbers(b.MAE.Number, b.RMSE.Number, b.SMAPE.Number, b.MASE.Number, b.Coverage80.Number, b.Coverage95.Number, outlook.NaiveBacktest.MASE.Number, outlook.Skill.Number)
	row.MAE, row.RMSE, row.SMAPE, row.MASE, row.Coverage80, row.Coverage95, row.NaiveMASE, row.Skill = cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]
	return rowsOf(row)
}

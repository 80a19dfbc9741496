package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"assay/shared/store/storetest"
)

func TestSubmit(t *testing.T) {
	w := newJobWorld(t, storetest.Open(t))
	w.Config.Watchlist = []string{"BTC-USD", "LTC-USD", "XAU-USD"}
	ask := func(method, target, body string, headers ...string) (int, string, http.Header) {
		t.Helper()
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		recorder := httptest.NewRecorder()
		w.Submit().ServeHTTP(recorder, r)
		return recorder.Code, recorder.Body.String(), recorder.Header()
	}
	const body = `{"kind":"clustering"}`
	code, says, header := ask(http.MethodPost, "/api/v1/jobs", body, "Idempotency-Key", "mine")
	if code != http.StatusAccepted || !strings.Contains(says, `"series":["BTC-USD","LTC-USD"]`) || !strings.HasPrefix(header.Get("Location"), "/api/v1/jobs/20240115-clustering-") {
		t.Fatalf("%d %s, Location %q; want the stored of the watchlist accepted", code, says, header.Get("Location"))
	}
	w.at = w.at.Add(48 * time.Hour)
	if code, _, again := ask(http.MethodPost, "/api/v1/jobs", body, "Idempotency-Key", "mine"); code != http.StatusAccepted || again.Get("Location") != header.Get("Location") {
		t.Errorf("two days later with the same key: %d, %s; want the same job", code, again.Get("Location"))
	}
	if code, _, again := ask(http.MethodPost, "/api/v1/jobs", body); code != http.StatusAccepted || again.Get("Location") == header.Get("Location") {
		t.Errorf("without a key: %d, %s; want another job", code, again.Get("Location"))
	}
	if code, says, _ := ask(http.MethodDelete, header.Get("Location"), ""); code != http.StatusAccepted || !strings.Contains(says, `"state":"cancelled"`) {
		t.Errorf("cancel: %d %s", code, says)
	}
	for _, test := range []struct {
		method, target, body string
		code                 int
		says                 string
	}{
		{http.MethodPost, "/api/v1/jobs", `{"kind":"alchemy"}`, 400, `kind="alchemy": want backtest, clustering`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"clustering","serie":["BTC-USD"]}`, 400, `unknown field "serie"`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"clustering"`, 400, "This is no request for a job"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"clustering","series":["BTC-USD"]}`, 400, "takes 2 to 40"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"clustering","series":["BTC-USD","DOGE-USD"]}`, 404, "DOGE-USD"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"garch","parameters":{"models":"ets"}}`, 400, `There is no parameter "models"`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"images","charts":["pie.svg"]}`, 404, "pie.svg"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"images"}`, 400, "want 1 to 12 pictures"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"backtest","parameters":{"models":"crystal"}}`, 400, `models="crystal"`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"backtest","parameters":{"models":"naive,arima","order":"9,9,9"}}`, 400, `order="9,9,9": want three numbers`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"backtest","parameters":{"models":"naive,theta","order":"1,1,1"}}`, 400, `order="1,1,1" goes with model=arima only`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"clustering","series":["BTC-USD","ETH-USD"],"parameters":{"clusters":"3"}}`, 400, "clusters=3: there are 2 series"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"backtest","parameters":{"horizon":"-1"}}`, 400, `horizon="-1": want a whole number from 1 to 365`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"clustering","parameters":{"join":"ffill"}}`, 400, `There is no parameter "join"`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"garch","parameters":{"series":"XAU-USD"}}`, 400, `There is no parameter "series"`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"images","charts":["prices.svg"],"parameters":{"linkage":"ward"}}`, 400, `There is no parameter "linkage"`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"garch","series":["BTC-USD","BTC-USD"]}`, 400, "would be made twice"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"backtest","parameters":{"models":"naive,"}}`, 400, `models="naive,": want names separated by commas`},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"export","interval":"1m"}`, 400, "1m"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"export","series":["BTC-USD"],"parameters":{"format":"xlsx"}}`, 400, "want csv or parquet"},
		{http.MethodPost, "/api/v1/jobs", `{"kind":"garch","from":"2030-01-01","to":"2031-01-01"}`, 400, "has no bars of 1d in this range"},
		{http.MethodPost, "/api/v1/jobs/20240115-mine", body, 405, "want POST /api/v1/jobs"},
		{http.MethodDelete, "/api/v1/jobs", "", 400, "Which job"},
		{http.MethodDelete, "/api/v1/jobs/x", "", 400, "no id of a job"},
		{http.MethodDelete, "/api/v1/jobs/20240115-nothing", "", 404, "There is no job"},
	} {
		if code, says, _ := ask(test.method, test.target, test.body); code != test.code || !strings.Contains(strings.ReplaceAll(says, `\"`, `"`), test.says) {
			t.Errorf("%s %s %s: %d %s; want %d, %s", test.method, test.target, test.body, code, says, test.code, test.says)
		}
	}
	if code, says, _ := ask(http.MethodPost, "/api/v1/jobs", `{"kind":"garch"}`, "Idempotency-Key", "mine"); code != http.StatusUnprocessableEntity || !strings.Contains(says, "another job") {
		t.Errorf("the key for another job: %d %s", code, says)
	}
}

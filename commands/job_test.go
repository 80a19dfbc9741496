package commands

import (
	"encoding/json"
	"strings"
	"testing"

	"assay/shared/api"
	"assay/shared/store/storetest"
)

// A job from the command line: submitted twice with one key, done by assay invoke, shown; and what is refused.
func TestJobCommands(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "own.csv", "Day,Last\n2024-01-15,10\n2024-01-16,11\n2024-01-17,12\n")
	do := func(code int, says string, line string) result {
		t.Helper()
		got := run(t, settings, folder, strings.Fields(line)...)
		if got.code != code || !strings.Contains(got.stdout+got.stderr, says) {
			t.Fatalf("assay %s: %d, %s%s; want %d, %s", line, got.code, got.stdout, got.stderr, code, says)
		}
		return got
	}
	do(0, "", "import own.csv --series XAU-USD.mine --interval 1d --columns time=Day,close=Last")
	const submit = "job submit export XAU-USD.mine --key mine --json"
	var job api.Job
	if err := json.Unmarshal([]byte(do(0, `"state":"waiting"`, submit).stdout), &job); err != nil {
		t.Fatal(err)
	}
	do(0, job.ID, submit)
	do(0, "", "invoke Job")
	do(0, job.ID+" is done, 100 % done\n  /api/v1/jobs/"+job.ID+"/XAU-USD.mine-1d.csv\n", "job show "+job.ID)
	do(0, job.ID, "job show")
	do(0, "is done", "job cancel "+job.ID)
	do(2, "want backtest, clustering", "job submit alchemy")
	do(2, "takes 2 to 40", "job submit clustering XAU-USD.mine")
	do(2, "no id of a job", "job show x")
	do(2, "There is no job", "job cancel 20240115-nothing")
}

package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What Jenkins sets for a step.
var jenkinsEnvironment = []string{
	"JENKINS_URL=http://jenkins.example.com/",
	"BUILD_URL=http://jenkins.example.com/job/check_lsf/42/",
	"BUILD_NUMBER=42",
	"BUILD_ID=42",
	"JOB_NAME=check_lsf",
	"JENKINS_NODE_COOKIE=0cfb9f2e-5a0f-4b0d-9a6e-0f6f1f3f2a11",
}

// jenkinsStep is the script of the Jenkinsfile's sh step, with another script in
// the place of the one that it runs.
func jenkinsStep(t *testing.T, script string) string {
	t.Helper()
	const theirs = "/ic/scripts/check_lsf_node_status.sh"
	pipeline := readFile(t, example(t, "Jenkinsfile"))
	_, step, found := strings.Cut(pipeline, "sh '''")
	step, _, ended := strings.Cut(step, "'''")
	if !found || !ended || strings.Contains(step, `\`) || strings.Count(step, theirs) != 1 {
		t.Fatalf("the Jenkinsfile has no sh step that the test understands: %q", step)
	}
	return strings.Replace(step, theirs, script, 1)
}

// startJenkinsStep runs a step as Jenkins' durable-task plugin does: a shell in
// the workspace runs the script by `sh -xe`, both outputs into a file.
func startJenkinsStep(t *testing.T, s *site, script string) (step *exec.Cmd, output string) {
	t.Helper()
	workspace := filepath.Join(s.folder, "workspace")
	if err := os.Mkdir(workspace, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(workspace, "script.sh"), jenkinsStep(t, script), 0o755)
	step = s.command("sh", "-c", "sh -xe script.sh >output 2>&1; echo $? >status")
	step.Dir = workspace
	step.Env = append(step.Env, jenkinsEnvironment...)
	step.Env = append(step.Env, "WORKSPACE="+workspace)
	if err := step.Start(); err != nil {
		t.Fatal(err)
	}
	return step, filepath.Join(workspace, "output")
}

func TestJenkinsStep(t *testing.T) {
	s := newSite(t)
	s.env = append(s.env, "BHOSTS=cat "+example(t, "data/bhosts.txt"))
	step, output := startJenkinsStep(t, s, example(t, "check_lsf_node_status.sh"))
	if err := step.Wait(); err != nil {
		t.Fatal(err)
	}
	if text := readFile(t, output); !strings.HasPrefix(text, "+ mvrun --direction LSF") || !strings.HasSuffix(text, "\nINFO: 15 LSF nodes, 9 at work, 3 down\n") {
		t.Errorf("output of the step:\n%s", text)
	}
	if status := readFile(t, filepath.Join(filepath.Dir(output), "status")); status != "0\n" {
		t.Errorf("status of the step: %s", status)
	}
	checkNodeRecords(t, s)
	for _, kind := range []string{"heartbeat", "run", "log"} {
		for _, r := range s.records(t, "LSF", "check_lsf_node_status", kind) {
			if r.text("build_url") != "http://jenkins.example.com/job/check_lsf/42/" {
				t.Errorf("a %s record without its build: %v", kind, r)
			}
		}
	}
	for _, kind := range []string{"heartbeat", "run"} {
		r := s.records(t, "LSF", "check_lsf_node_status", kind)[0]
		if r.text("startup") != "jenkins" || r.text("job_name") != "check_lsf" || r.text("build_number") != "42" {
			t.Errorf("the %s record: %v", kind, r)
		}
	}
}

// Jenkins finds the processes of a build by their environment.
func TestJenkinsEnvironmentReachesTheJob(t *testing.T) {
	s := newSite(t)
	script, seen := filepath.Join(s.folder, "job.sh"), filepath.Join(s.folder, "seen")
	writeFile(t, script, "#!/bin/sh\nenv >'"+seen+"'\n", 0o755)
	step, _ := startJenkinsStep(t, s, script)
	if err := step.Wait(); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(readFile(t, seen), "\n")
	for _, entry := range jenkinsEnvironment {
		if !slices.Contains(got, entry) {
			t.Errorf("%s has not reached the job: %q", entry, got)
		}
	}
}

// abortAtOnce sends TERM to each process of a tree, parents first.
func abortAtOnce(_ testing.TB, pid int) {
	children := childrenOf(pid)
	_ = syscall.Kill(pid, syscall.SIGTERM)
	for _, child := range children {
		abortAtOnce(nil, child)
	}
}

// abortAsJenkins ends a tree as hudson.util.ProcessTree does it: the children
// before their parent, and each is gone before the next is told. So mvrun hears
// of the abort after its job has died of it.
func abortAsJenkins(t testing.TB, pid int) {
	for _, child := range childrenOf(pid) {
		abortAsJenkins(t, child)
	}
	_ = syscall.Kill(pid, syscall.SIGTERM)
	waitFor(t, time.Minute, "the end of a process that was told to end", func() bool {
		return syscall.Kill(pid, 0) != nil
	})
}

// descendants lists the processes below one.
func descendants(pid int) []int {
	all := childrenOf(pid)
	for _, child := range slices.Clone(all) {
		all = append(all, descendants(child)...)
	}
	return all
}

func TestJenkinsAbort(t *testing.T) {
	tests := []struct {
		name   string
		abort  func(t testing.TB, pid int)
		script string // ends with what takes long
		output string // of the script, after its first line
		status string // of the script
	}{
		{"at once", abortAtOnce, "exec sleep 600", "", "143"},
		{"at once, cleans up", abortAtOnce, cleaningJob, "cleaned\n", "7"},
		{"as Jenkins", abortAsJenkins, "exec sleep 600", "", "143"},
		{"as Jenkins, a child", abortAsJenkins, "sleep 600", "", "143"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			script, started := filepath.Join(s.folder, "job.sh"), filepath.Join(s.folder, "started")
			begin := "#!/bin/sh\necho 'INFO: begun'\nstarted() { echo $$ >'" + started + "'; }\n"
			if test.script != cleaningJob {
				begin += "started\n"
			}
			writeFile(t, script, begin+test.script+"\n", 0o755)
			step, output := startJenkinsStep(t, s, script)
			ended := make(chan error, 1)
			go func() { ended <- step.Wait() }()
			waitFor(t, time.Minute, "the job's start", func() bool { return exists(started) })
			processes := descendants(step.Process.Pid)
			test.abort(t, step.Process.Pid)
			<-ended
			waitFor(t, time.Minute, "the end of mvrun", func() bool { return !slices.ContainsFunc(processes, alive) })

			r := s.records(t, "LSF", "check_lsf_node_status", "run")[0]
			if r.text("cause") != "stopped by TERM" || r.text("exit_code") != test.status || r.text("build_url") == "" {
				t.Errorf("the run record: %v", r)
			}
			if text := readFile(t, output); !strings.Contains(text, "\nINFO: begun\n"+test.output) {
				t.Errorf("output of the step:\n%s", text)
			}
			if logs := s.records(t, "LSF", "check_lsf_node_status", "log"); len(logs) == 0 || logs[0].text("message") != "begun" {
				t.Errorf("log records: %v", logs)
			}
			if alarms := s.records(t, "LSF", "check_lsf_node_status", "alarm"); len(alarms) != 0 {
				t.Errorf("an abort was alarmed: %v", alarms)
			}
		})
	}
}

// cleaningJob ends what it has started, which ignores TERM, and itself.
const cleaningJob = `trap 'kill -KILL $!; echo cleaned; exit 7' TERM
(trap '' TERM; exec sleep 600) &
started
wait`

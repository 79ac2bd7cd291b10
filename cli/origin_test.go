package cli

import (
	"net"
	"testing"
)

func TestStartupMethod(t *testing.T) {
	type env = map[string]string
	for _, c := range []struct {
		env       env
		ancestors []string
		want      string
	}{
		{nil, []string{"sh", "cron", "cron", "systemd"}, startupCrontab},
		{nil, []string{"bash", "sh", "crond"}, startupCrontab},
		{env{"INVOCATION_ID": "x"}, []string{"sh", "cron"}, startupCrontab},
		{env{"CI": "true"}, []string{"sh", "cron"}, startupCrontab},
		{env{"INVOCATION_ID": "x"}, []string{"systemd"}, startupSystemd},
		{env{"INVOCATION_ID": "x"}, []string{"bash", "gnome-terminal", "systemd"}, startupManual},
		{nil, []string{"systemd"}, startupManual},
		{env{"JENKINS_URL": "http://j/"}, []string{"sh", "java"}, startupJenkins},
		{env{"BUILD_URL": "http://j/1", "BUILD_NUMBER": "1"}, nil, startupJenkins},
		{env{"LSB_JOBID": "7"}, []string{"res"}, startupLSF},
		{env{"SLURM_JOB_ID": "7"}, nil, startupSlurm},
		{env{"CI": "true"}, []string{"bash"}, startupCI},
		{env{"CI": "false"}, []string{"bash"}, startupManual},
		{nil, []string{"bash", "sshd", "sshd", "systemd"}, startupManual},
	} {
		getenv := func(name string) string { return c.env[name] }
		if got := startupMethod(getenv, func() []string { return c.ancestors }); got != c.want {
			t.Errorf("%v %v: got %s, want %s", c.env, c.ancestors, got, c.want)
		}
	}
}

func TestHostAddress(t *testing.T) {
	ip := net.ParseIP(hostAddress())
	if ip == nil {
		t.Fatalf("%q is no address", hostAddress())
	}
	if !ip.IsLoopback() {
		return
	}
	addresses, _ := net.InterfaceAddrs()
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && usable(network.IP) {
			t.Errorf("a loopback address, although there is %v", network)
		}
	}
}

package notify

import (
	"strings"
	"testing"
)

func TestFaultsOfATemplateAreTold(t *testing.T) {
	for template, want := range map[string]string{
		"":                                           "is empty",
		" \n":                                        "is empty",
		"send\x00":                                   "NUL",
		"send " + strings.Repeat("x", 40000):         "put it into a script",
		`send "<TITLE>`:                              `" is not closed`,
		`send '<TITLE>`:                              `' is not closed`,
		"send `<TITLE>":                              "` is not closed",
		`send $(echo <TITLE>`:                        "$( is not closed",
		`send ${x <TITLE>`:                           "within ${…}",
		`send ${x`:                                   "${ is not closed",
		`send <RECEIVER>`:                            "<RECEIVER> is no placeholder; write <RECEIVERS>",
		`send "<RECEIVER>"`:                          "write <RECEIVERS>",
		`send '<MESAGE>'`:                            "write <MESSAGE>",
		`send "<MESSAGES>" <TITLE>`:                  "write <MESSAGE>",
		`send <title>`:                               "write <TITLE>",
		`send "<Message>"`:                           "write <MESSAGE>",
		`send <TEXT>`:                                "there are <TITLE>, <MESSAGE> and <RECEIVERS>",
		`send <LEVEL>`:                               `write "$MVRUN_ALARM_LEVEL"`,
		`send "<ITEM>: <TITLE>"`:                     `write "$MVRUN_ALARM_ITEM"`,
		"cat <<E\n<TITEL> <RECEIVER>\nE\n":           "write <TITLE>",
		`send -t <TITEL> -r <RECIEVERS>`:             "<TITEL> is no placeholder; write <TITLE>",
		`send -t "<TITLE>" -r <RECIEVER>`:            "<RECIEVER> is no placeholder; write <RECEIVERS>",
		"send \"`echo <RECEIVER>`\"":                 "write <RECEIVERS>",
		`mail <<TITLE>`:                              "can be read in two ways",
		`mail <<<MESSAGE>`:                           "can be read in two ways",
		`<TITLE> x`:                                  "name of a command",
		`true; <TITLE>`:                              "name of a command",
		`eval send "<TITLE>"`:                        "part of a program for eval",
		`sh -c 'send "<TITLE>"'`:                     "part of a program for sh -c",
		`sudo -n /bin/bash -ec "<MESSAGE>"`:          "part of a program for bash -ec",
		`bash -o pipefail -c "<MESSAGE>"`:            "part of a program for bash -c",
		`sudo -u alice sh -c 'send "<TITLE>"'`:       "part of a program for sh -c",
		`env -u X -- bash -c "send '<TITLE>'"`:       "part of a program for bash -c",
		`echo a | xargs -n 1 sh -c 'send "<TITLE>"'`: "part of a program for sh -c",
		`docker exec -i box sh -c "send '<TITLE>'"`:  "part of a program for sh -c",
		`flock /tmp/lock -c "send '<TITLE>'"`:        "part of a program for flock -c",
		`runuser alice -c "send '<TITLE>'"`:          "part of a program for runuser -c",
		`script -qc "send '<TITLE>'" /dev/null`:      "part of a program for script -qc",
		`runuser -u alice -- sh -c "send <TITLE>"`:   "part of a program for sh -c",
		`su alice --command "send '<TITLE>'"`:        "part of a program for su --command",
		`su alice -c "send '<TITLE>'"`:               "part of a program for su -c",
		`timeout 5 ssh gw send "<TITLE>"`:            "part of a program for ssh",
		`python3 -c 'print("<TITLE>")'`:              "part of a program for python3 -c",
		`if trap "echo <TITLE>" 0; then :;fi`:        "part of a program for trap",
		"sh <<E\nsend '<TITLE>'\nE":                  "part of a program for sh",
		"ssh gw <<E\nsend '<TITLE>'\nE":              "part of a program for ssh",
		`send $((<TITLE>))`:                          "where a shell would evaluate it",
		`((x=<TITLE>))`:                              "where a shell would evaluate it",
		`send x >&<TITLE>`:                           "bash would expand it twice",
		`send x <& y<TITLE>`:                         "bash would expand it twice",
		`send $'<TITLE>'`:                            "$'…' cannot be followed",
		`send $[1] <TITLE>`:                          "$[…] cannot be followed",
		`send "${x:-'<TITLE>'}"`:                     "within ${…}",
		`send "$(case x in x) send;; esac)" <TITLE>`: "case within $(…)",
		"cat <<$x\n<TITLE>\n":                        "an expansion as the end",
		"cat <<'a b'\n<TITLE>\na b\n":                "such an end",
		"cat <<E\n`echo <TITLE>`\nE":                 "write $(…)",
		"send \"`cat <<E\nE\n`\" <TITLE>":            "write $(…)",
		"send $(cat <<E) <TITLE>\nE\n":               "has no body",
	} {
		_, err := ParseTemplate(template)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v; want a mention of %q", template, err, want)
		}
	}
}

func TestATemplateWithoutPlaceholdersIsLeftAlone(t *testing.T) {
	for _, template := range []string{
		`/opt/send.sh`, `cat >> /tmp/alarms`, `send "$MVRUN_ALARM_TITLE" 'a' \"`, `sh -c 'send "$MVRUN_ALARM_TITLE"'`,
		`send $'a\'b' "${x:-'}'}" $[1+1]`, `send "$(case x in x) echo y;; esac)"`, "cat <<E\n$x \\ `y`\nE\n",
		`sort <in>out`, `echo '<html><title>x</title>' "<br>" "<RECEIVER>x</RECEIVER>"`, "send `printf '%s' \\`x\\``",
	} {
		parsed, err := ParseTemplate(template)
		if err != nil || parsed.Script(3) != template {
			t.Errorf("%q: %v, %q", template, err, parsed.Script(3))
		}
	}
	parsed, err := ParseTemplate("-x")
	if err != nil || parsed.Script(0) != " -x" {
		t.Errorf("a leading dash: %q, %v", parsed.Script(0), err)
	}
}

func TestTemplatesThatAreRight(t *testing.T) {
	for _, template := range []string{
		`bash /opt/send.sh -c "<MESSAGE>" -r <RECEIVERS>`,
		`python3 /opt/send.py -c "<MESSAGE>" -e <TITLE>`,
		`printf '%s' "<MESSAGE>" | ssh gw /opt/send -r someone`,
		"ssh gw /opt/send <<E\n<MESSAGE>\nE",
		`send '<html><title><TITLE></title><message><MESSAGE></message>'`,
		`diff <(echo "<TITLE>") <RECEIVERS>`,
		`send <TITLE> >>/tmp/log 2>&1 &`,
		`send --eval <TITLE> --trap <MESSAGE>`,
		`sudo -u alice sh /opt/send.sh -c "<MESSAGE>" -r <RECEIVERS>`,
		`sudo -u alice sh -c 'send "$1"' sh "<MESSAGE>"`,
		`flock -w 5 /tmp/lock send -t <TITLE> -c "<MESSAGE>"`,
		`runuser -u alice -- send -t <TITLE> -c "<MESSAGE>"`,
		`docker exec box send -t <TITLE> -c "<MESSAGE>"`,
	} {
		if _, err := ParseTemplate(template); err != nil {
			t.Errorf("%s: %v", template, err)
		}
	}
}

func BenchmarkParseTemplate(b *testing.B) {
	for b.Loop() {
		if _, err := ParseTemplate(`/ic/bin/send_lark -T "<TITLE>" -c "<MESSAGE>" -r <RECEIVERS>`); err != nil {
			b.Fatal(err)
		}
	}
}

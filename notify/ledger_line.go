package notify

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"sync"
	"time"

	"github.com/mvrun/mvrun/record"
)

// sentAlarm is what matters here of the record of an alarm that was sent: 48
// bytes, since there may be many.
type sentAlarm struct {
	id, same, series, run fingerprint
	at                    int64 // Unix nanoseconds
	digest                bool
	partly                bool // some of its channels or receivers have it, others are still tried
}

// fingerprint stands for a text; 0 for none.
type fingerprint uint64

var fingerprintSeed = sync.OnceValue(maphash.MakeSeed)

func fingerprintOf[T string | []byte](text T) fingerprint {
	if len(text) == 0 {
		return 0
	}
	return fingerprint(maphash.Bytes(fingerprintSeed(), []byte(text)) | 1)
}

// The keys of an alarm record that are looked for, as mvrun and monitorViewer
// write them. Within a value a quote has a backslash before it, so that nothing
// in a message can be taken for a key.
var (
	passedField = []byte(`"send_alarm_result": "` + passedResult + `"`)
	failedField = []byte(`"send_alarm_result": "` + failedResult + `"`)
	reachedList = []byte(`"channels": [`)
	timeField   = []byte(`"time": "`)
	stampField  = []byte(`"ts": "`)
	md5Field    = []byte(`"md5": "`)
	sameField   = []byte(`"same": "`)
	seriesField = []byte(`"series": "`)
	runField    = []byte(`"run": "`)
	alarmField  = []byte(`"alarm": "`)
	digestField = []byte(`"digest_of": `)
	heldField   = []byte(`"digest": "`)
	passedWord  = []byte(passedResult)
)

// parseSent reads the record of an alarm that was sent, be it in part; ok is
// false for any other line. A line in another form of JSON is decoded, and
// encoded as ours.
func parseSent(line []byte) (one sentAlarm, ok bool) {
	partly := bytes.Contains(line, failedField) && bytes.Contains(line, reachedList)
	if !partly && !bytes.Contains(line, passedField) {
		if !bytes.Contains(line, passedWord) {
			return one, false
		}
		if line, ok = inOurForm(line); !ok {
			return one, false
		}
	} else if line[len(line)-1] != '}' {
		return one, false
	}
	md5 := field(line, md5Field)
	if md5 == nil {
		return one, false
	}
	one = sentAlarm{
		id: fingerprintOf(field(line, alarmField)), series: fingerprintOf(field(line, seriesField)),
		run: fingerprintOf(field(line, runField)), digest: bytes.Contains(line, digestField),
		partly: partly,
	}
	same := field(line, sameField)
	if same == nil {
		same = md5[:min(len(md5), sameDigits)]
	}
	one.same = fingerprintOf(same)
	one.at, ok = momentOf(line)
	return one, ok
}

// field gives the text of a key whose values need no escapes; nil for none.
func field(line, key []byte) []byte {
	at := bytes.Index(line, key)
	if at < 0 {
		return nil
	}
	rest := line[at+len(key):]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return nil
	}
	return rest[:end]
}

// momentOf is when a record was written.
func momentOf(line []byte) (int64, bool) {
	if stamp, err := time.Parse(record.StampLayout, string(field(line, stampField))); err == nil {
		return stamp.UnixNano(), true
	}
	local, err := time.ParseInLocation(record.TimeLayout, string(field(line, timeField)), time.Local)
	return local.UnixNano(), err == nil
}

// passedLine is what is read of a record in another form.
type passedLine struct {
	Time   string `json:"time"`
	Stamp  string `json:"ts"`
	MD5    string `json:"md5"`
	Result string `json:"send_alarm_result"`
	Run    string `json:"run"`
	Same   string `json:"same"`
	Series string `json:"series"`
	Alarm  string `json:"alarm"`
}

func inOurForm(line []byte) ([]byte, bool) {
	var found passedLine
	if json.Unmarshal(line, &found) != nil || found.Result != passedResult {
		return nil, false
	}
	var e record.Encoder
	e.String("time", found.Time).String("md5", found.MD5).String("send_alarm_result", found.Result).
		Optional("ts", found.Stamp).Optional("run", found.Run).Optional("same", found.Same).
		Optional("series", found.Series).Optional("alarm", found.Alarm)
	return e.Line(), true
}

// lineOfRecord is what a digest tells of a record.
func lineOfRecord(line []byte) string {
	var found struct {
		Title   string `json:"title"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(line, &found)
	return digestLine(found.Title, found.Message)
}

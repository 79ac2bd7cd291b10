package record

import (
	"testing"
	"time"
)

// What is read after another stamp is what is read without one.
func FuzzStamps(f *testing.F) {
	for _, pair := range [][2]string{
		{`"2024-10-25T08:00:00.5Z"`, `"2024-10-25T08:59:59.999999999Z"`},
		{`"2024-10-25T08:00:00+08:00"`, `"2024-10-25T08:30:00+08:00"`},
		{`"2024-10-25T08:00:00-02:30"`, `"2024-10-25T08:60:00-02:30"`},
		{`"2024-10-25T08:00:00Z"`, `"2024-10-25T08:00:00.Z"`},
		{`"2024-10-25T08:00:00Z"`, `"2024-10-25T08:00:0Z"`},
		{`"2024-10-25T8:00:00Z"`, `"2024-10-25T8:00:01Z"`},
		{`"2024-10-25T08:00:00,5Z"`, `"2024-10-25T08:00:00.1234567891Z"`},
		{`"2024-03-31T01:59:59Z"`, `"2024-03-31T01:00:00Z"`},
		{`"2024-10-25T08:00:00Z`, `2024-10-25T08:00:00Z"`},
		{`"24:00:00"`, `null`},
	} {
		f.Add(pair[0], pair[1])
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		berlin = time.FixedZone("", 3600)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		after := stamps{location: berlin}
		after.parse([]byte(first))
		got, ok := after.parse([]byte(second))
		want, err := time.Parse(time.RFC3339Nano, valueText([]byte(second)))
		if ok != (err == nil) || ok && (!got.Equal(want) || got.String() != want.In(berlin).String()) {
			t.Errorf("%s after %s: %v %v, want %v %v", second, first, got, ok, want, err)
		}
	})
}

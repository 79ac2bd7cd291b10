package viewer

import (
	"time"

	"github.com/mvrun/mvrun/record"
)

// Cells makes the columns of a table, and its rows, of lines as the JSON format
// writes them and the times of the records; see Page. The texts are as they are
// recorded; who shows them has to escape them.
func Cells(kind record.Kind, lines [][]byte, times []time.Time) (titles []string, rows [][]string) {
	columns := columnsOf(kind)
	for _, c := range columns {
		titles = append(titles, c.title)
	}
	for i, line := range lines {
		row := record.Row{Kind: kind, Line: line}
		e := &entry{item: record.Item{Direction: row.Get("direction"), Name: row.Get("item")}, kind: kind, at: times[i], fields: row.Fields()}
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = c.value(e)
			if c.shown != nil {
				cells[i] = c.shown(cells[i])
			}
			cells[i] = visible(unixLines(cells[i]))
		}
		rows = append(rows, cells)
	}
	return titles, rows
}

package record

import "strconv"

// failureDays is how far back failed runs are counted.
const failureDays = 31

// FailuresInARow counts the item's latest runs that failed, without a success
// between them; it stops at limit. Runs that were skipped count as neither.
func (s *Store) FailuresInARow(item Item, limit int) (int, error) {
	now := s.options.Now()
	rows := s.Select(Query{
		Kind: Run, Begin: now.AddDate(0, 0, -failureDays), End: now.AddDate(0, 0, 1), Location: now.Location(),
		Directions: []string{LiteralPattern(item.Direction)}, Items: []string{LiteralPattern(item.Name)}, Reverse: true,
	})
	count := 0
	for row := range rows.All() {
		if row.Get("cause") == CauseSkipped {
			continue
		}
		if code, err := strconv.Atoi(row.Get("exit_code")); err != nil || code == 0 || count >= limit {
			break
		}
		count++
	}
	return count, rows.Err()
}

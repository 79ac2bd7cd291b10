package record

import (
	"regexp"
	"sync"
	"time"
)

// outputFolder holds the kept outputs of runs, by direction, item and run.
const outputFolder = "output"

// outputs removes the kept outputs of an item's runs that are past their date. A
// run's id begins with the day of its start, in UTC, which may be the day before.
func (p *pruner) outputs(item Item) {
	before := p.before(p.options.Terms(item, KeptOutput).Keep)
	if before == "" {
		return
	}
	folder := []string{metaFolder, outputFolder, item.Direction, item.Name}
	err := p.eachSize(folder, func(name string, size int64) {
		start, err := time.Parse("20060102T150405Z", name[:min(16, len(name))])
		if err == nil && Day(start.In(p.now.Location())) < before && p.ctx.Err() == nil && p.remove(append(folder, name)) {
			p.report.Outputs.add(size)
		}
	})
	p.report.judge(err)
	if !p.options.DryRun {
		p.report.judge(p.tree.Tidy(p.now, folder...))
	}
}

// tornName is what setAside calls a file.
var tornName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(.+)-(heartbeat|log|alarm|run)-(\d{8})-[0-9a-f]{8}$`)
})

// rest removes torn lines, which were set aside, with the day that they are of.
func (p *pruner) rest() {
	directions, err := p.tree.List(metaFolder, tornFolder)
	p.report.judge(err)
	for _, direction := range directions {
		if !direction.IsDir() || CheckName(direction.Name()) != nil {
			continue
		}
		folder := []string{metaFolder, tornFolder, direction.Name()}
		p.report.judge(p.eachSize(folder, func(name string, size int64) {
			parts := tornName().FindStringSubmatch(name)
			if parts == nil || p.ctx.Err() != nil {
				return
			}
			before := p.before(p.options.Terms(Item{direction.Name(), parts[1]}, Kind(parts[2])).Keep)
			if isDate(parts[3]) && parts[3] < before && p.remove(append(folder, name)) {
				p.report.Outputs.add(size)
			}
		}))
	}
}

// What makes the pages pleasanter for who has a script: addresses without empty
// fields, keys, and values below the pointer in charts. Everything is there without.
"use strict";
(() => {
	// An address names only what was filled in.
	document.addEventListener("formdata", (event) => {
		if (event.target.method !== "get") return;
		for (const [name, value] of [...event.formData]) {
			if (value === "" || name === "limit" && value === "100") event.formData.delete(name);
		}
	});

	// A choice of a list needs no button.
	document.addEventListener("change", (event) => {
		const form = event.target.form;
		if (event.target.matches("#filter select, #filter [type=checkbox], #range select") && form) form.requestSubmit();
	});

	// On a phone the filter comes when it is asked for.
	function foldFilter() {
		const filters = document.querySelector(".filters");
		if (filters && innerWidth < 704 && ![...new URLSearchParams(location.search).keys()].some((key) => key !== "cursor")) filters.open = false;
	}

	// "/" goes to the search, j and k through the rows.
	document.addEventListener("keydown", (event) => {
		if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.("input, select, textarea")) return;
		if (event.key === "/") {
			const search = document.querySelector("#keyword0, #search");
			if (!search) return;
			if (search.closest("details")) search.closest("details").open = true;
			search.focus();
			search.select();
			event.preventDefault();
		}
		if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
	});

	function step(by) {
		const rows = [...document.querySelectorAll("table.cards tbody tr")];
		const now = rows.indexOf(document.activeElement.closest("tr"));
		const row = rows[Math.max(0, Math.min(rows.length - 1, now + by))];
		if (!row) return;
		row.tabIndex = -1;
		row.focus();
	}

	// Charts. The numbers, the colours and where a bar leads to are those of the page.
	const drawn = new Map(); // of figures, what was drawn of them

	function drawAll() {
		for (const [figure, chart] of drawn) {
			if (!figure.isConnected) {
				chart.end();
				drawn.delete(figure);
			}
		}
		if (!window.uPlot) return;
		for (const figure of document.querySelectorAll("figure.chart")) {
			const table = figure.querySelector(".numbers table");
			if (!table || !figure.querySelector(".plot")) continue;
			if (drawn.has(figure)) drawn.get(figure).end();
			drawn.set(figure, draw(figure, read(table)));
		}
	}

	// read takes the numbers out of the table of a chart.
	function read(table) {
		const rows = [...table.tBodies[0].rows];
		return {
			days: rows.map((row) => row.cells[0].textContent),
			links: rows.map((row) => row.querySelector("a").href),
			names: [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent),
			classes: [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.className),
			counts: rows.map((row) => [...row.cells].slice(1).map((cell) => Number(cell.textContent))),
		};
	}

	function draw(figure, data) {
		const plot = figure.querySelector(".plot");
		const room = document.createElement("div");
		room.className = "canvas";
		figure.classList.add("drawn");
		plot.append(room);
		const shown = [...figure.querySelectorAll(".legend b")];
		const totals = shown.map((value) => value.textContent);
		const sum = figure.querySelector("h3 .sum");
		const all = sum.textContent;
		const style = getComputedStyle(document.documentElement);
		const colour = (name) => style.getPropertyValue("--" + name).trim();
		const show = (day) => {
			shown.forEach((value, i) => { value.textContent = day === null ? totals[i] : group(data.counts[day][i]); });
			sum.textContent = day === null ? all : data.days[day] + ": " + group(data.counts[day].reduce((a, b) => a + b, 0));
		};
		const height = Number(figure.dataset.height) + 34;
		const font = "11px " + getComputedStyle(document.body).fontFamily;
		const grid = { stroke: colour("line"), width: 1 };
		const chart = new uPlot({
			width: room.clientWidth || 300, height, padding: [8, 6, 0, 0],
			legend: { show: false },
			cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
			scales: { x: { time: false, range: [-0.5, data.days.length - 0.5] }, y: { range: (u, low, most) => [0, top(most)] } },
			axes: [
				{ stroke: colour("faint"), font, grid: { show: false }, ticks: { show: false }, size: 22, gap: 4, splits: () => marks(data.days.length, room.clientWidth), values: (u, at) => at.map((i) => label(data.days[i])) },
				{ stroke: colour("faint"), font, grid, ticks: { show: false }, size: 44, gap: 6, splits: (u, axis, low, most) => [0, Math.floor(most / 2), most], values: (u, at) => at.map(short) },
			],
			series: [{}, ...data.names.map((name, i) => ({ label: name, fill: colour(data.classes[i].replace("-colour", "")), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.8, 60] }) })).reverse()],
			hooks: {
				setCursor: [(u) => show(u.cursor.idx ?? null)],
				setSelect: [(u) => select(u, data)],
			},
		}, stacked(data), room);
		chart.over.addEventListener("mouseleave", () => show(null));
		chart.over.addEventListener("click", () => { if (chart.cursor.idx !== null && chart.select.width < 3) location.href = data.links[chart.cursor.idx]; });
		figure.addEventListener("pointerenter", () => figure.setAttribute("data-live-keep", ""));
		figure.addEventListener("pointerleave", () => figure.removeAttribute("data-live-keep"));
		const watch = new ResizeObserver(() => { if (room.clientWidth > 0) chart.setSize({ width: room.clientWidth, height }); });
		watch.observe(room);
		return {
			end() {
				watch.disconnect();
				chart.destroy();
				room.remove();
				figure.classList.remove("drawn");
				show(null);
			},
		};
	}

	// stacked puts the first row to the bottom: what is drawn first is the sum of all.
	function stacked(data) {
		const sums = data.names.map((_, i) => data.counts.map((row) => row.slice(0, i + 1).reduce((a, b) => a + b, 0)));
		return [data.days.map((_, i) => i), ...sums.reverse()];
	}

	// select leads to the records of the days over which the pointer was drawn.
	function select(u, data) {
		if (u.select.width < 3) return;
		const clamp = (i) => Math.max(0, Math.min(data.links.length - 1, Math.round(i)));
		const first = new URL(data.links[clamp(u.posToVal(u.select.left, "x"))]);
		const last = new URL(data.links[clamp(u.posToVal(u.select.left + u.select.width, "x"))]);
		first.searchParams.set("end", last.searchParams.get("end"));
		location.href = first;
	}

	function marks(count, width) {
		const step = Math.ceil(count / Math.max(1, Math.floor(width / 70)));
		return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
	}

	function label(day) { return day ? (day.includes("–") && day.length > 20 ? day.slice(5, 10) : day.slice(5)) : ""; }

	function top(most) {
		for (let scale = 1; ; scale *= 10) {
			for (const step of [1, 2, 5]) {
				if (step * scale >= Math.max(most, 4)) return step * scale;
			}
		}
	}

	function short(number) {
		for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
			if (number >= size) return Math.round(number / size * 100) / 100 + unit;
		}
		return String(number);
	}

	function group(number) { return String(number).replace(/\B(?=(\d{3})+$)/g, ","); }

	function begin() {
		foldFilter();
		drawAll();
	}

	if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
	else begin();
	document.addEventListener("htmx:after:swap", begin);
	document.addEventListener("mvrun:refreshed", drawAll);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();

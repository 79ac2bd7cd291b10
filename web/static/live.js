// Keeps a page as the database is: /events tells that something has changed, the page
// is fetched again, and what differs is put in the place of what was there. Without
// this script a page can be read as well; it is as old as when it was loaded.
"use strict";
(() => {
	const status = document.getElementById("live");
	const main = document.querySelector("main");
	if (!status || !main || !window.EventSource) return;

	const leastPause = 1000; // ms between two fetches
	const mostPause = 60000;
	const calm = 60000; // states change with time alone: what is due becomes late
	const slow = 50, kept = 12000; // ms; see quickAnswer and longestKept in shared.go
	const reach = 200; // how far away a node is looked for that has moved
	const regions = () => [...main.querySelectorAll("[data-live]")];
	const isPiece = new URLSearchParams(location.search).has("cursor");

	let paused = false;
	let source = null;
	let state = "";
	let failures = 0;
	let isFresh = true; // the page was loaded with this very connection
	let heard = false; // it was fetched since something has changed, not for the time alone
	let fetching = false;
	let wanted = false; // something has changed since the page was fetched
	let earliest = 0; // when the page may be fetched again
	let refreshTimer = 0, connectTimer = 0;

	try { paused = localStorage.getItem("mvrun-live") === "paused"; } catch { /* no storage, no memory */ }

	// The indicator, and the button that pauses.
	const text = document.createElement("span");
	text.setAttribute("role", "status");
	const button = document.createElement("button");
	button.type = "button";
	const newest = document.createElement("a");
	newest.hidden = true;
	newest.textContent = status.dataset.news;
	newest.href = addressOfNewest();
	status.append(text, button, newest);
	status.hidden = false;

	// addressOfPage asks for all of the overview, which otherwise may come in parts.
	function addressOfPage() {
		const address = new URL(location.href);
		if (address.pathname === "/") address.searchParams.set("wait", "yes");
		return address;
	}

	function addressOfNewest() {
		const address = new URL(location.href);
		address.searchParams.delete("cursor");
		return address.pathname + address.search;
	}

	function show(next) {
		if (next === state) return;
		state = next;
		status.className = "live is-" + next;
		text.textContent = status.dataset[next];
		button.textContent = paused ? status.dataset.resume : status.dataset.pause;
		button.hidden = next === "ended";
	}

	button.addEventListener("click", () => {
		paused = !paused;
		try { localStorage.setItem("mvrun-live", paused ? "paused" : "live"); } catch { /* as above */ }
		failures = 0;
		state = "";
		update();
	});

	// update brings the connection in line with what is wanted: who looks at another tab
	// or has paused is sent nothing, since a browser opens few connections to a host.
	function update() {
		clearTimeout(connectTimer);
		if (state === "ended") return;
		if (paused || document.hidden) {
			disconnect();
			show("paused");
			return;
		}
		if (!source) connect();
	}

	function disconnect() {
		clearTimeout(refreshTimer);
		refreshTimer = 0;
		if (source) source.close();
		source = null;
	}

	function connect() {
		show("reconnecting");
		source = new EventSource("/events");
		source.addEventListener("open", () => {
			failures = 0;
			show("live");
			if (!isFresh) refresh(); // what was missed meanwhile
			isFresh = false;
		});
		source.addEventListener("changed", (event) => {
			if (!concerns(JSON.parse(event.data))) return;
			heard = true;
			refresh();
		});
		source.addEventListener("error", () => {
			disconnect();
			show("reconnecting");
			again();
		});
	}

	function again() {
		failures++;
		connectTimer = setTimeout(update, backoff());
	}

	function backoff() {
		return Math.min(mostPause, leastPause * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
	}

	// concerns tells whether something of this page has changed. A page without regions
	// may show anything.
	function concerns(news) {
		const all = regions();
		return all.length === 0 || all.some((region) => {
			const kinds = region.dataset.live.split(" ").filter(Boolean);
			const item = region.dataset.liveItem;
			return (kinds.length === 0 || news.kinds.some((kind) => kinds.includes(kind))) &&
				(!item || news.all || (news.items || []).includes(item));
		});
	}

	function refresh() {
		wanted = true;
		if (paused || document.hidden || fetching || refreshTimer) return;
		refreshTimer = setTimeout(fetchPage, Math.max(0, earliest - Date.now()));
	}

	async function fetchPage() {
		refreshTimer = 0;
		if (paused || document.hidden || !source) return;
		if (isPiece) { // what is older stays where it is
			newest.hidden = false;
			return;
		}
		fetching = true;
		wanted = false;
		const began = Date.now();
		try {
			const answer = await fetch(addressOfPage(), { headers: { Accept: "text/html" }, credentials: "same-origin" });
			if (answer.redirected && new URL(answer.url).pathname !== location.pathname) {
				end();
				return;
			}
			if (!answer.ok) throw new Error(answer.status);
			apply(new DOMParser().parseFromString(await answer.text(), "text/html"));
			failures = 0;
			// A page that takes long is not asked for all the time.
			const took = Date.now() - began;
			earliest = Date.now() + Math.max(leastPause, 5 * took);
			// What takes the server long it keeps for a while: this may have been from before.
			if (heard && took > slow) setTimeout(refresh, kept);
			heard = false;
		} catch {
			failures++;
			wanted = true;
			earliest = Date.now() + backoff();
		} finally {
			fetching = false;
		}
		if (wanted) refresh();
	}

	// end is for who is logged out: the page stays as it was.
	function end() {
		disconnect();
		show("ended");
	}

	// apply takes the new page over: its regions or, without any, all of it.
	function apply(page) {
		const fresh = page.querySelector("main");
		if (!fresh) return;
		const old = regions();
		if (old.length === 0) {
			morph(main, fresh);
		}
		for (const region of old) {
			const next = region.id && fresh.querySelector("#" + CSS.escape(region.id));
			if (next) morph(region, next);
		}
		document.dispatchEvent(new CustomEvent("mvrun:refreshed", { detail: page }));
	}

	// morph makes an element like another. Nodes that are alike stay the nodes they are,
	// and with them the focus, what is selected, how far they are scrolled, and what is
	// typed into them.
	function morph(from, to) {
		if (from.hasAttribute("data-live-keep") || isInUse(from)) return;
		for (const { name } of [...from.attributes]) {
			if (!to.hasAttribute(name) && !(name === "open" && from.nodeName === "DETAILS")) from.removeAttribute(name);
		}
		for (const { name, value } of to.attributes) {
			if (from.getAttribute(name) !== value && !(name === "open" && from.nodeName === "DETAILS")) from.setAttribute(name, value);
		}
		morphChildren(from, [...to.childNodes]);
	}

	// morphChildren goes through both lists. A node that is wanted further on waits for
	// its turn: rows that came at the top push the others down, and these stay.
	function morphChildren(from, nodes) {
		let at = from.firstChild;
		nodes.forEach((next, i) => {
			const later = nodes.slice(i + 1, i + 1 + reach);
			const waits = () => later.some((node) => at.isEqualNode(node));
			while (at && !at.isEqualNode(next) && isBehind(at, next) && !waits()) at = drop(at);
			if (at && at.isEqualNode(next)) {
				at = at.nextSibling;
			} else if (at && isLike(at, next) && !waits()) {
				if (at.nodeType === Node.ELEMENT_NODE) morph(at, next);
				else at.nodeValue = next.nodeValue;
				at = at.nextSibling;
			} else {
				from.insertBefore(document.importNode(next, true), at);
			}
		});
		while (at) at = drop(at);
	}

	// isBehind tells whether a node like the wanted one comes later.
	function isBehind(at, next) {
		for (let looked = 0; at && looked < reach; looked++) {
			at = at.nextSibling;
			if (at && at.isEqualNode(next)) return true;
		}
		return false;
	}

	// isLike tells whether one node can be made the other.
	function isLike(node, other) {
		return node.nodeName === other.nodeName && (node.id || "") === (other.id || "");
	}

	function drop(node) {
		const next = node.nextSibling;
		node.remove();
		return next;
	}

	// isInUse is for a field into which somebody has typed.
	function isInUse(element) {
		switch (element.nodeName) {
			case "INPUT": return element === document.activeElement || element.value !== element.defaultValue || element.checked !== element.defaultChecked;
			case "TEXTAREA": return element === document.activeElement || element.value !== element.defaultValue;
			case "SELECT": return element === document.activeElement || [...element.options].some((option) => option.selected !== option.defaultSelected);
		}
		return false;
	}

	document.addEventListener("visibilitychange", update);
	window.addEventListener("pagehide", disconnect);
	window.addEventListener("pageshow", (event) => { if (event.persisted) update(); });
	setInterval(() => { if (source) refresh(); }, calm);
	update();
})();

// Labs whose every state was drawn beforehand: a move exchanges the pieces that differ. And predictions.
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const asked = new URLSearchParams(location.hash.slice(1));           // #lab=l02a&value=3&eps=0.1: a state as a link

async function unpack(script) {
  const bytes = Uint8Array.from(atob(script.textContent), c => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).json();
}

async function start(lab) {
  const began = performance.now(), data = await unpack(lab.querySelector('script'));
  const find = selector => lab.querySelector(selector), rows = [...lab.querySelectorAll('[data-name]')];
  const picture = find('.picture'), slots = [...find('.moving').children], said = find('.said');
  const time = find('.time'), play = find('.play');
  const keys = Object.keys(data.states).map(key => key.split(',').map(Number));
  let now = [], later, address, clock;

  const get = row => {
    const input = row.querySelector('input:checked, input[type=range], button');
    if (!input) return 0;
    return input.type === 'checkbox' ? 1 : input.type === 'button' ? +(input.dataset.at || 0) : +input.value;
  };
  const set = (row, k) => {
    const inputs = row.querySelectorAll('input'), first = inputs[0], button = row.querySelector('button');
    if (button) button.dataset.at = k;
    else if (first?.type === 'radio') inputs[k].checked = true;
    else if (first?.type === 'checkbox') first.checked = k === 1;
    else if (first) first.value = k;
  };

  function draw(pieces) {
    pieces.forEach((p, i) => { if (now[i] !== p && slots[i]) slots[i].innerHTML = data.pool[p]; });
    now = pieces;
    const alt = data.pool[pieces.at(-1)];
    picture.setAttribute('aria-label', alt);
    clearTimeout(later);                                             // spoken when the slider rests
    later = setTimeout(() => { if (said.textContent !== alt) said.textContent = alt; }, 300);
  }

  function tick(met, at) {
    for (const k of met) {
      const li = lab.querySelectorAll('.goals li')[k];
      if (li.classList.contains('done')) continue;
      li.classList.add('done');
      li.firstChild.textContent = '☑';
      li.querySelector('.where').textContent = ` (found at ${at})`;
    }
  }

  function label(at) {
    rows.forEach((row, i) => {
      const range = row.querySelector('input[type=range]'), words = data.labels[i][at[i]];
      if (range) row.querySelector('output').value = words, range.setAttribute('aria-valuetext', words);
    });
  }

  function show(run) {
    const at = rows.map(get), [met, frames, percents] = data.states[at];
    const moved = rows.flatMap((row, i) => at[i] === data.first[i] ? [] :
      [`${data.names[i].replaceAll('_', ' ')} = ${data.labels[i][at[i]]}`]).join(', ');
    label(at);
    clearInterval(clock);
    const frame = t => {
      draw(frames[t]);
      if (time) {
        const words = percents.length ? `${percents[t]} %` : `${t + 1} of ${frames.length}`;
        time.value = t;
        time.nextElementSibling.value = words;
        time.setAttribute('aria-valuetext', words);
      }
      if (t === frames.length - 1) { if (moved) tick(met, moved); stop(); }
    };
    if (time) time.max = frames.length - 1, time.oninput = () => { stop(); frame(+time.value); };
    if (!run || calm.matches || frames.length === 1) return frame(frames.length - 1);
    let t = 0;
    frame(0);
    if (play) play.textContent = 'Stop';
    clock = setInterval(() => frame(++t), Math.min(150, 4000 / frames.length));
  }

  function stop() {
    clearInterval(clock);
    clock = undefined;
    if (play) play.textContent = 'Play';
  }

  function nearest(at, i) {                       // of the states drawn the most alike that has this setting
    let best, most = -1;
    for (const key of keys) {
      if (key[i] !== at[i]) continue;
      const like = key.reduce((sum, k, j) => sum + (k === at[j]) + (k === data.first[j]) / 100, 0);
      if (like > most) best = key, most = like;
    }
    return best;
  }

  function move(row) {
    const at = rows.map(get);
    if (!(at in data.states)) nearest(at, rows.indexOf(row)).forEach((k, j) => set(rows[j], k));
    show(true);
    clearTimeout(address);
    address = setTimeout(() => {
      const here = rows.map((row, i) => [data.names[i], data.values[i][get(row)]]).filter((_, i) => !rows[i].hidden);
      history.replaceState(null, '', `#${new URLSearchParams([['lab', lab.id], ...here])}`);
    }, 400);
  }

  for (const row of rows) {
    row.addEventListener('input', () => move(row));
    row.querySelector('.again')?.addEventListener('click', event => {
      event.target.dataset.at = (get(row) + 1) % +event.target.dataset.most;
      move(row);
    });
  }
  play?.addEventListener('click', () => clock ? stop() : show(true));
  find('.reset').addEventListener('click', () => { rows.forEach((row, i) => set(row, data.first[i])); show(false); });
  find('fieldset').disabled = false;
  if (asked.get('lab') === lab.id) {
    const at = rows.map((row, i) => Math.max(data.values[i].indexOf(asked.get(data.names[i])), 0));
    if (at in data.states) rows.forEach((row, i) => set(row, at[i]));
  }
  show(false);
  lab.dataset.ready = Math.round(performance.now());
  lab.dataset.took = Math.round(performance.now() - began);
}

const near = new IntersectionObserver(seen => {
  for (const { isIntersecting, target } of seen) if (isIntersecting) near.unobserve(target), start(target);
}, { rootMargin: '1500px' });
for (const lab of document.querySelectorAll('.lab')) near.observe(lab);
if (asked.get('lab')) document.getElementById(asked.get('lab'))?.scrollIntoView();

// Choosing is not answering: a button commits, then the reason is told.
for (const form of document.querySelectorAll('.predict')) {
  const button = form.querySelector('button');
  form.addEventListener('input', () => { button.disabled = button.textContent === 'Answered'; });
  form.addEventListener('submit', event => {
    event.preventDefault();
    const mine = form.querySelector('input:checked');
    if (!mine || button.textContent === 'Answered') return;
    form.querySelectorAll('.reasons p')[+mine.value].hidden = false;
    form.querySelectorAll('input').forEach(input => { input.disabled = input !== mine; });
    button.textContent = 'Answered';
  });
}

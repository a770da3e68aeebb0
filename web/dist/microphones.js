import{W as A,i as _,t as x,c as C,a as S,e as k,b as o,A as a,p as v,n as p,r as h,w as N,d as z,C as F,m as H,f as j}from"./page.js";const P={threshold_help:"Higher: fewer mistakes. Lower: hears you from further away.",testing:"Say “{word}” now. Nothing is recorded.",test_stop:"Stop",test_heard:"Heard: {word}, {score}.",test_best:"Not heard. The best was {score}; {limit} is needed.",curve:"Scores of the last seconds",tune:"Tune by marked recordings",tuning:"Hearing them again…",tune_set:"Set {cutoff}",tune_done:"Set.",tune_curve:"What each cutoff would have done",cutoff:"Cutoff",mistakes_left:"Mistakes left",correct_left:"Correct left",now:"now",recommended:"recommended",second:"For the second look",own:"Make a wake word"},W={threshold_help:"Höher: weniger Fehlauslösungen. Niedriger: hört dich auch von weiter weg.",testing:"Sag jetzt „{word}“. Nichts wird aufgenommen.",test_stop:"Beenden",test_heard:"Gehört: {word}, {score}.",test_best:"Nicht gehört. Höchstens {score} erkannt, {limit} sind nötig.",curve:"Verlauf der Erkennung in den letzten Sekunden",tune:"An markierten Aufnahmen einstellen",tuning:"Sie werden noch einmal gehört…",tune_set:"Auf {cutoff} setzen",tune_done:"Gesetzt.",tune_curve:"Was jede Schwelle bewirkt hätte",cutoff:"Schwelle",mistakes_left:"Übrige Fehlauslösungen",correct_left:"Übrige richtige",now:"jetzt",recommended:"empfohlen",second:"Für das zweite Hinhören",own:"Aktivierungswort machen"};function w(l){return new A(l.locale,l.locale.startsWith("de")?W:P)}var q=Object.defineProperty,b=(l,t,e,i)=>{for(var s=void 0,r=l.length-1,n;r>=0;r--)(n=l[r])&&(s=n(t,e,s)||s);return s&&q(t,e,s),s};const M=20;class m extends _{constructor(){super(...arguments),this.running=!1,this.points=[],this.problem="",this.listened=[],this.#e=t=>{t.action==="end"?this.#t():t.action==="wake"?this.heard=t:this.points=[...this.points,t]},this.#t=()=>{this.#s?.(),this.#s=void 0,this.running=!1}}#s;static{this.styles=[x,C,S`
:host {display: block;}
section {display: grid;gap: 0.5rem;}
svg {display: block;inline-size: 100%;block-size: 120px;border: 1px solid var(--line);border-radius: 0.6rem;}
.curve {fill: none;stroke: var(--accent);stroke-width: 2;vector-effect: non-scaling-stroke;}
.limit {stroke: var(--warn);stroke-dasharray: 6 4;vector-effect: non-scaling-stroke;}
.wake {stroke: var(--good);stroke-width: 3;vector-effect: non-scaling-stroke;}
`]}disconnectedCallback(){super.disconnectedCallback(),this.#t()}async start(t){this.#t(),this.listened=t.wake_words.filter(e=>e.active!==!1),this.points=[],this.heard=void 0,this.problem="",this.running=!0;try{this.#s=await this.transport.subscribe("satellites/test",{satellite:t.id,seconds:M},this.#e),this.isConnected||this.#t()}catch(e){this.running=!1,this.problem=k(this.words,e)}}#e;#t;render(){const t=w(this.words),e=t.t.bind(t);if(this.problem)return o`<p class="bad" role="alert">${this.problem}</p>`;if(!this.running&&!this.points.length)return a;const i=n=>Math.min(n.at_ms/(M*10),100),s=n=>100-n*98-1,[r]=this.listened;return o`<section>
<div class="bar"><p class="grow" role="status">${this.#r()}</p>
${this.running?o`<button @click=${this.#t}>${e("test_stop")}</button>`:a}</div>
<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=${e("curve")}>
${this.listened.map(n=>y("curve",this.points.map(d=>`${i(d)},${s(d.scores?.[n.id]??0)}`)))}
${r?y("limit",[`0,${s(r.threshold)}`,`100,${s(r.threshold)}`]):a}
${this.heard?y("wake",[`${i(this.heard)},0`,`${i(this.heard)},100`]):a}
</svg>
</section>`}#r(){const t=w(this.words),e=t.t.bind(t),i=(r="")=>this.listened.find(n=>n.id===r)?.phrase??r;if(this.heard)return e("test_heard",{word:i(this.heard.wake_word),score:v(this.words,this.heard.score??0)});if(this.running)return e("testing",{word:this.listened[0]?.phrase??""});const s=Math.max(0,...this.points.flatMap(r=>Object.values(r.scores??{})));return e("test_best",{score:v(this.words,s),limit:v(this.words,this.listened[0]?.threshold??0)})}}b([p({attribute:!1})],m.prototype,"transport");b([p({attribute:!1})],m.prototype,"words");b([h()],m.prototype,"running");b([h()],m.prototype,"points");b([h()],m.prototype,"heard");b([h()],m.prototype,"problem");b([h()],m.prototype,"listened");function y(l,t){return N`<polyline class=${l} fill="none" points=${t.join(" ")} />`}z("earshot-microphone-test",m);var T=Object.defineProperty,f=(l,t,e,i)=>{for(var s=void 0,r=l.length-1,n;r>=0;r--)(n=l[r])&&(s=n(t,e,s)||s);return s&&T(t,e,s),s};const O=15*6e4;class u extends _{constructor(){super(...arguments),this.satellite="",this.word="",this.running=!1,this.problem="",this.done=!1,this.#t=()=>this.#i(async()=>{this.done=!1,this.tuned=void 0,this.tuned=await this.transport.call("wake_words/tune",{satellite:this.satellite,wake_word:this.word},O)}),this.#r=()=>this.#i(async()=>{const{field:t,cutoff:e}=this.tuned.recommended;await this.transport.call("wake_words/update",{satellite:this.satellite,wake_word:this.word,[t]:e}),this.tuned=void 0,this.done=!0})}static{this.styles=[x,C,S`
:host {display: grid;gap: 0.5rem;justify-items: start;}
table {border-spacing: 1rem 0;margin-inline-start: -1rem;font-variant-numeric: tabular-nums;}
th {font-weight: normal;}
td {text-align: end;}
`]}render(){const t=w(this.words),e=t.t.bind(t),i=this.tuned?.recommended;return o`
<button ?disabled=${this.running} @click=${this.#t}>${e("tune")}</button>
<p role="status" ?hidden=${!this.running&&!this.tuned&&!this.done}>${this.running?e("tuning"):this.done?e("tune_done"):this.tuned?.sentence}</p>
${this.problem?o`<p class="bad" role="alert">${this.problem}</p>`:a}
${i?o`<button @click=${this.#r}>${e("tune_set",{cutoff:this.#e(i.cutoff)})}</button>`:a}
${this.tuned?this.#s(this.tuned):a}
`}#s(t){const e=w(this.words),{current:i,curve:s}=t.second_threshold??t.threshold;return o`<details>
<summary>${e.t("tune_curve")}</summary>
${t.second_threshold?o`<p class="muted">${e.t("second")}</p>`:a}
<table>
<tr><th scope="col">${e.t("cutoff")}</th><th scope="col">${e.t("mistakes_left")}</th><th scope="col">${e.t("correct_left")}</th></tr>
${s.map(r=>o`<tr>
<th scope="row">${this.#e(r.cutoff)} ${r.cutoff===i?e.t("now"):r.cutoff===t.recommended?.cutoff?e.t("recommended"):""}</th>
<td>${r.mistakes_left}</td><td>${r.correct_left}</td>
</tr>`)}
</table>
</details>`}#e(t){return new Intl.NumberFormat(this.words.locale,{minimumFractionDigits:2}).format(t)}#t;#r;async#i(t){this.running=!0,this.problem="";try{await t()}catch(e){this.problem=k(this.words,e)}finally{this.running=!1}}}f([p({attribute:!1})],u.prototype,"transport");f([p({attribute:!1})],u.prototype,"words");f([p({attribute:!1})],u.prototype,"satellite");f([p({attribute:!1})],u.prototype,"word");f([h()],u.prototype,"running");f([h()],u.prototype,"tuned");f([h()],u.prototype,"problem");f([h()],u.prototype,"done");z("earshot-tune",u);var B=Object.defineProperty,g=(l,t,e,i)=>{for(var s=void 0,r=l.length-1,n;r>=0;r--)(n=l[r])&&(s=n(t,e,s)||s);return s&&B(t,e,s),s};const G=-70;class $ extends _{constructor(){super(...arguments),this.levels={},this.problem=""}#s;#e;static{this.styles=[x,C,S`
:host {display: grid;gap: 1rem;padding-block: 1rem;}
article {display: grid;gap: 0.7rem;padding: 1rem;border: 1px solid var(--line);border-radius: 1rem;}
.head {justify-content: space-between;}
meter {inline-size: 100%;block-size: 14px;}
.word {display: grid;grid-template-columns: minmax(0, 1fr) minmax(6rem, 1fr) 4rem;align-items: center;gap: 0 0.8rem;}
earshot-tune {grid-column: 1 / -1;}
.word output {text-align: end;}
dl {display: grid;grid-template-columns: auto minmax(0, 1fr);gap: 0.2rem 1rem;font-size: 0.9rem;}
.warn {color: var(--warn);}
dt {color: var(--muted);}
dd {overflow-wrap: anywhere;}
`]}connectedCallback(){super.connectedCallback(),this.#s=this.transport.watch(()=>{this.#t()}),this.#t()}disconnectedCallback(){super.disconnectedCallback(),this.#s?.(),this.#e?.()}async#t(){if(this.requestUpdate(),this.clock=new F(this.words,this.transport.timeZone),this.transport.link==="ready")try{this.#e=await this.transport.subscribe("satellites/subscribe",{levels:!0},t=>{t.satellites&&(this.satellites=t.satellites),t.levels&&(this.levels=t.levels)}),this.isConnected||this.#e()}catch(t){this.problem=k(this.words,t)}}render(){const t=this.words.t.bind(this.words);return o`
<h2>${t("page.microphones")}</h2>
${this.transport.link==="ready"?a:o`<p role="status">${t("link.offline")}</p>`}
${this.problem?o`<p class="bad" role="alert">${this.problem}</p>`:a}
${this.satellites===void 0?o`<p class="muted" role="status">${t("list.loading")}</p>`:a}
${this.satellites?.length===0?o`<p>${t("mic.none")}</p>`:a}
${this.satellites?.map(e=>this.#r(e))}
`}#r(t){const e=this.words.t.bind(this.words),i=H(this.transport.role),s=this.transport.link==="ready",r=t.microphone.state==="listening",n=this.levels[t.id]??t.microphone.level_dbfs;return o`<article aria-labelledby=${`name-${t.id}`}>
<div class="bar head">
<div>
<h3 id=${`name-${t.id}`}>${t.name}</h3>
<p class=${t.microphone.state==="lost"?"bad":"muted"} role="status">
${t.state==="idle"||!r?e(`mic.state.${t.microphone.state}`):e(`mic.doing.${t.state}`)}${t.area&&t.area!==t.name?` · ${t.area}`:""}</p>
</div>
${i?o`<div class="bar">
<button ?disabled=${!s||!r} @click=${d=>this.#n(d,t)}>${j("microphone")}${e("mic.test")}</button>
<button aria-pressed=${t.muted} ?disabled=${!s} @click=${()=>this.#o("satellites/mute",{satellite:t.id,muted:!t.muted})}>
${j("muted")}${e(t.muted?"mic.unmute":"mic.mute")}</button>
</div>`:a}
</div>
${t.microphone.reason?o`<p class="bad">${t.microphone.reason}</p>`:a}
${t.microphone.findings?.map(d=>o`<p class="warn" role="status">${d.text}</p>`)}
${r?o`<meter min=${G} max="0" high="-3" .value=${n} aria-label=${e("mic.level")}
aria-valuetext=${e("mic.dbfs",{n:Math.round(n)})} title=${e("mic.dbfs",{n:Math.round(n)})}></meter>`:a}
<earshot-microphone-test .transport=${this.transport} .words=${this.words} .satellite=${t}></earshot-microphone-test>
${t.wake_words.map(d=>this.#i(t,d,i&&s))}
${i&&t.wake_words.length?o`<p class="muted">${w(this.words).t("threshold_help")}</p>`:a}
${i&&this.enroll?o`<div><button ?disabled=${!s||!r} @click=${d=>this.#a(d)}>${w(this.words).t("own")}</button></div>
<earshot-enroll .transport=${this.transport} .words=${this.words} .satellite=${t.id} .level=${n}></earshot-enroll>`:a}
<dl>
<dt>${e("mic.last_heard")}</dt><dd>${t.last_heard?this.clock.dateTime(t.last_heard):e("mic.never")}</dd>
<dt>${e("mic.device")}</dt><dd>${t.microphone.device}</dd>
</dl>
${t.microphone.dropped?o`<p class="muted">${e("mic.dropped",{n:t.microphone.dropped})}</p>`:a}
</article>`}#i(t,e,i){const s=this.words.t.bind(this.words),r=c=>this.#o("wake_words/update",{satellite:t.id,wake_word:e.id,...c}),n=c=>c.target.checked,d=c=>c.target.valueAsNumber;return o`<div class="word">
<label class="choice"><input type="checkbox" .checked=${e.active} ?disabled=${!i} @change=${c=>r({active:n(c)})} />
${s("mic.active",{word:e.phrase})}</label>
${e.threshold===0?a:o`<input type="range" min="0.05" max="0.99" step="0.01" .value=${String(e.threshold)} ?disabled=${!i}
aria-label=${s("mic.threshold",{word:e.phrase})} aria-valuetext=${v(this.words,e.threshold)}
@change=${c=>r({threshold:d(c)})} />
<output>${v(this.words,e.threshold)}</output>
${i?o`<earshot-tune .transport=${this.transport} .words=${this.words} .satellite=${t.id} .word=${e.id}></earshot-tune>`:a}`}
</div>`}#n(t,e){t.target.closest("article")?.querySelector("earshot-microphone-test")?.start(e)}async#a(t){const e=t.target.closest("article");this.problem="";try{await this.enroll()}catch{this.problem=this.words.t("error.offline");return}e?.querySelector("earshot-enroll")?.open()}async#o(t,e){this.problem="";try{await this.transport.call(t,e)}catch(i){this.problem=k(this.words,i),this.requestUpdate("satellites")}}}g([p({attribute:!1})],$.prototype,"transport");g([p({attribute:!1})],$.prototype,"words");g([p({attribute:!1})],$.prototype,"enroll");g([h()],$.prototype,"satellites");g([h()],$.prototype,"levels");g([h()],$.prototype,"problem");z("earshot-microphones",$);export{$ as Microphones};
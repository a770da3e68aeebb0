import{i as y,t as _,c as x,a as C,e as w,b as o,A as n,p as $,n as v,r as h,w as j,d as M,C as z,m as q,f as g}from"./page.js";var P=Object.defineProperty,m=(l,t,e,r)=>{for(var s=void 0,i=l.length-1,a;i>=0;i--)(a=l[i])&&(s=a(t,e,s)||s);return s&&P(t,e,s),s};const k=20;class c extends y{constructor(){super(...arguments),this.running=!1,this.points=[],this.problem="",this.listened=[],this.#s=t=>{t.action==="end"?this.#t():t.action==="wake"?this.heard=t:this.points=[...this.points,t]},this.#t=()=>{this.#e?.(),this.#e=void 0,this.running=!1}}#e;static{this.styles=[_,x,C`
:host {display: block;}
section {display: grid;gap: 0.5rem;}
svg {display: block;inline-size: 100%;block-size: 120px;border: 1px solid var(--line);border-radius: 0.6rem;}
.curve {fill: none;stroke: var(--accent);stroke-width: 2;vector-effect: non-scaling-stroke;}
.limit {stroke: var(--warn);stroke-dasharray: 6 4;vector-effect: non-scaling-stroke;}
.wake {stroke: var(--good);stroke-width: 3;vector-effect: non-scaling-stroke;}
`]}disconnectedCallback(){super.disconnectedCallback(),this.#t()}async start(t){this.#t(),this.listened=t.wake_words.filter(e=>e.active!==!1),this.points=[],this.heard=void 0,this.problem="",this.running=!0;try{this.#e=await this.transport.subscribe("satellites/test",{satellite:t.id,seconds:k},this.#s),this.isConnected||this.#t()}catch(e){this.running=!1,this.problem=w(this.words,e)}}#s;#t;render(){const t=this.words.t.bind(this.words);if(this.problem)return o`<p class="bad" role="alert">${this.problem}</p>`;if(!this.running&&!this.points.length)return n;const e=i=>Math.min(i.at_ms/(k*10),100),r=i=>100-i*98-1,[s]=this.listened;return o`<section>
<div class="bar"><p class="grow" role="status">${this.#i()}</p>
${this.running?o`<button @click=${this.#t}>${t("mic.test_stop")}</button>`:n}</div>
<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=${t("mic.curve")}>
${this.listened.map(i=>f("curve",this.points.map(a=>`${e(a)},${r(a.scores?.[i.id]??0)}`)))}
${s?f("limit",[`0,${r(s.threshold)}`,`100,${r(s.threshold)}`]):n}
${this.heard?f("wake",[`${e(this.heard)},0`,`${e(this.heard)},100`]):n}
</svg>
</section>`}#i(){const t=this.words.t.bind(this.words),e=(s="")=>this.listened.find(i=>i.id===s)?.phrase??s;if(this.heard)return t("mic.test_heard",{word:e(this.heard.wake_word),score:$(this.words,this.heard.score??0)});if(this.running)return t("mic.testing",{word:this.listened[0]?.phrase??""});const r=Math.max(0,...this.points.flatMap(s=>Object.values(s.scores??{})));return t("mic.test_best",{score:$(this.words,r),limit:$(this.words,this.listened[0]?.threshold??0)})}}m([v({attribute:!1})],c.prototype,"transport");m([v({attribute:!1})],c.prototype,"words");m([h()],c.prototype,"running");m([h()],c.prototype,"points");m([h()],c.prototype,"heard");m([h()],c.prototype,"problem");m([h()],c.prototype,"listened");function f(l,t){return j`<polyline class=${l} fill="none" points=${t.join(" ")} />`}M("earshot-microphone-test",c);var A=Object.defineProperty,b=(l,t,e,r)=>{for(var s=void 0,i=l.length-1,a;i>=0;i--)(a=l[i])&&(s=a(t,e,s)||s);return s&&A(t,e,s),s};const O=-70;class u extends y{constructor(){super(...arguments),this.levels={},this.problem=""}#e;#s;static{this.styles=[_,x,C`
:host {display: grid;gap: 1rem;padding-block: 1rem;}
article {display: grid;gap: 0.7rem;padding: 1rem;border: 1px solid var(--line);border-radius: 1rem;}
.head {justify-content: space-between;}
meter {inline-size: 100%;block-size: 14px;}
.word {display: grid;grid-template-columns: minmax(0, 1fr) minmax(6rem, 1fr) 4rem;align-items: center;gap: 0 0.8rem;}
.word output {text-align: end;}
dl {display: grid;grid-template-columns: auto minmax(0, 1fr);gap: 0.2rem 1rem;font-size: 0.9rem;}
.warn {color: var(--warn);}
dt {color: var(--muted);}
dd {overflow-wrap: anywhere;}
`]}connectedCallback(){super.connectedCallback(),this.#e=this.transport.watch(()=>{this.#t()}),this.#t()}disconnectedCallback(){super.disconnectedCallback(),this.#e?.(),this.#s?.()}async#t(){if(this.requestUpdate(),this.clock=new z(this.words,this.transport.timeZone),this.transport.link==="ready")try{this.#s=await this.transport.subscribe("satellites/subscribe",{levels:!0},t=>{t.satellites&&(this.satellites=t.satellites),t.levels&&(this.levels=t.levels)}),this.isConnected||this.#s()}catch(t){this.problem=w(this.words,t)}}render(){const t=this.words.t.bind(this.words);return o`
<h2>${t("page.microphones")}</h2>
${this.transport.link==="ready"?n:o`<p role="status">${t("link.offline")}</p>`}
${this.problem?o`<p class="bad" role="alert">${this.problem}</p>`:n}
${this.satellites===void 0?o`<p class="muted" role="status">${t("list.loading")}</p>`:n}
${this.satellites?.length===0?o`<p>${t("mic.none")}</p>`:n}
${this.satellites?.map(e=>this.#i(e))}
`}#i(t){const e=this.words.t.bind(this.words),r=q(this.transport.role),s=this.transport.link==="ready",i=t.microphone.state==="listening",a=this.levels[t.id]??t.microphone.level_dbfs;return o`<article aria-labelledby=${`name-${t.id}`}>
<div class="bar head">
<div>
<h3 id=${`name-${t.id}`}>${t.name}</h3>
<p class=${t.microphone.state==="lost"?"bad":"muted"} role="status">
${t.state==="idle"||!i?e(`mic.state.${t.microphone.state}`):e(`mic.doing.${t.state}`)}${t.area&&t.area!==t.name?` · ${t.area}`:""}</p>
</div>
${r?o`<div class="bar">
<button ?disabled=${!s||!i} @click=${p=>this.#a(p,t)}>${g("microphone")}${e("mic.test")}</button>
<button aria-pressed=${t.muted} ?disabled=${!s} @click=${()=>this.#r("satellites/mute",{satellite:t.id,muted:!t.muted})}>
${g("muted")}${e(t.muted?"mic.unmute":"mic.mute")}</button>
</div>`:n}
</div>
${t.microphone.reason?o`<p class="bad">${t.microphone.reason}</p>`:n}
${t.microphone.findings?.map(p=>o`<p class="warn" role="status">${p.text}</p>`)}
${i?o`<meter min=${O} max="0" high="-3" .value=${a} aria-label=${e("mic.level")}
aria-valuetext=${e("mic.dbfs",{n:Math.round(a)})} title=${e("mic.dbfs",{n:Math.round(a)})}></meter>`:n}
<earshot-microphone-test .transport=${this.transport} .words=${this.words} .satellite=${t}></earshot-microphone-test>
${t.wake_words.map(p=>this.#o(t,p,r&&s))}
${r&&t.wake_words.length?o`<p class="muted">${e("mic.threshold_help")}</p>`:n}
<dl>
<dt>${e("mic.last_heard")}</dt><dd>${t.last_heard?this.clock.dateTime(t.last_heard):e("mic.never")}</dd>
<dt>${e("mic.device")}</dt><dd>${t.microphone.device}</dd>
</dl>
${t.microphone.dropped?o`<p class="muted">${e("mic.dropped",{n:t.microphone.dropped})}</p>`:n}
</article>`}#o(t,e,r){const s=this.words.t.bind(this.words),i=d=>this.#r("wake_words/update",{satellite:t.id,wake_word:e.id,...d}),a=d=>d.target.checked,p=d=>d.target.valueAsNumber;return o`<div class="word">
<label class="choice"><input type="checkbox" .checked=${e.active} ?disabled=${!r} @change=${d=>i({active:a(d)})} />
${s("mic.active",{word:e.phrase})}</label>
${e.threshold===0?n:o`<input type="range" min="0.05" max="0.99" step="0.01" .value=${String(e.threshold)} ?disabled=${!r}
aria-label=${s("mic.threshold",{word:e.phrase})} aria-valuetext=${$(this.words,e.threshold)}
@change=${d=>i({threshold:p(d)})} />
<output>${$(this.words,e.threshold)}</output>`}
</div>`}#a(t,e){t.target.closest("article")?.querySelector("earshot-microphone-test")?.start(e)}async#r(t,e){this.problem="";try{await this.transport.call(t,e)}catch(r){this.problem=w(this.words,r),this.requestUpdate("satellites")}}}b([v({attribute:!1})],u.prototype,"transport");b([v({attribute:!1})],u.prototype,"words");b([h()],u.prototype,"satellites");b([h()],u.prototype,"levels");b([h()],u.prototype,"problem");M("earshot-microphones",u);export{u as Microphones};
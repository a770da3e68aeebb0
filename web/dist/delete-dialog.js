import{i as g,t as $,c as v,a as w,e as b,j as k,b as o,A as n,k as y,l as m,o as f,n as u,r as a,h as _,d as x}from"./page.js";var z=Object.defineProperty,l=(d,t,e,i)=>{for(var s=void 0,c=d.length-1,p;c>=0;c--)(p=d[c])&&(s=p(t,e,s)||s);return s&&z(t,e,s),s};const j=["not_intended","failed","cancelled"];class r extends g{constructor(){super(...arguments),this.satellites=[],this.stage="choose",this.selector={},this.problem="",this.custom=!1,this.first="",this.last="",this.#e=0,this.chosen=!1,this.#h=t=>{const e=h(t);this.custom=e==="custom",this.#t({period:this.custom?void 0:e,from:void 0,to:void 0}),this.custom&&this.#p()},this.#r=t=>{t.target.dataset.end==="first"?this.first=h(t):this.last=h(t),this.#p()},this.#u=t=>{const e=t.target,i=new Set(this.selector.outcomes);e.checked?i.add(e.value):i.delete(e.value),this.#t({outcomes:i.size?[...i]:void 0})},this.back=()=>{this.chosen?this.#i(this.selector,"choose"):this.#s()},this.#s=t=>{t?.preventDefault(),this.stage!=="working"&&(this.#e++,this.dialog.close())},this.#b=t=>{t.preventDefault(),this.stage==="done"?this.dialog.close():this.stage==="confirm"?this.delete().then(()=>this.show()):this.stage==="choose"&&this.preview?.count&&(this.stage="confirm",this.#l())}}#e;static{this.styles=[$,v,w`
dialog {inline-size: min(32rem, calc(100vw - 2rem));max-block-size: calc(100dvh - 2rem);padding: 1.25rem;border: 1px solid var(--line);border-radius: 1rem;background: var(--surface);color: var(--text);overflow-y: auto;}
dialog::backdrop {background: rgb(0 0 0 / 50%);}
form {display: grid;gap: 0.9rem;}
h2 {font-size: 1.2rem;}
fieldset {display: grid;grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr));gap: 0 1rem;margin: 0;padding: 0;border: 0;}
legend {padding: 0;font-weight: 600;}
.buttons {justify-content: flex-end;}
ul {padding-inline-start: 1.2rem;}
code {overflow-wrap: anywhere;}
`]}choose(){this.chosen=!0,this.custom=!1,this.#i({period:"today"},"choose")}confirm(t){this.chosen=!1,this.#i(t,"confirm")}#i(t,e){this.selector=t,this.stage=e,this.receipt=void 0,this.counted=this.#o(),e==="choose"?this.show():this.#l()}#l(){this.#a("earshot-asks",this)?this.show():this.dialog.close()}#a(t,e){return this.dispatchEvent(new CustomEvent(t,{detail:e,bubbles:!0,composed:!0,cancelable:!0}))}show(){this.updateComplete.then(()=>{this.dialog.open||this.dialog.showModal(),this.dialog.querySelector("h2").focus()})}async#o(){const t=++this.#e;if(this.problem="",this.preview=void 0,!(this.custom&&!this.selector.from&&!this.selector.to))try{const e=await this.transport.call("history/delete_preview",this.selector);t===this.#e&&(this.preview=e)}catch(e){t===this.#e&&(this.problem=b(this.words,e))}}async delete(){const t=this.preview?.token;if(t){this.stage="working";try{this.receipt=await this.transport.call("history/delete",{token:t}),this.stage="done",this.#a("earshot-deleted",this.receipt)}catch(e){this.stage="confirm",await this.#o(),this.problem=e instanceof k&&e.code==="not_found"&&this.preview?this.words.t("delete.again"):b(this.words,e)}}}render(){const t={choose:this.#m,confirm:this.#n,working:this.#n,done:this.#f};return o`<dialog aria-labelledby="title" @cancel=${this.#s}>
<form @submit=${this.#b}>${t[this.stage].call(this)}</form>
</dialog>`}#m(){const t=this.words.t.bind(this.words),e=this.selector,i=(s,c,p)=>o`
<label class="choice"><input type="radio" name="period" value=${s} .checked=${p} @change=${this.#h} />${c}</label>`;return o`
<h2 id="title" tabindex="-1">${t("delete.title")}</h2>
<fieldset>
<legend>${t("filter.period")}</legend>
${y.map(s=>i(s,t(`period.${s}`),e.period===s))} ${i("all",t("period.all"),e.period==="all")}
${i("custom",t("period.custom"),this.custom)}
</fieldset>
${this.custom?o`<div class="bar">
<label>${t("filter.first")} <input type="date" data-end="first" .value=${this.first} @change=${this.#r} /></label>
<label>${t("filter.last")} <input type="date" data-end="last" .value=${this.last} @change=${this.#r} /></label>
</div>`:n}
<fieldset>
<legend>${t("delete.only")}</legend>
${j.map(s=>o`<label class="choice"><input type="checkbox" value=${s} .checked=${e.outcomes?.includes(s)??!1}
@change=${this.#u} />${t(`outcome.${s}`)}</label>`)}
</fieldset>
<div class="bar">
${this.satellites.length>1?o`<select aria-label=${t("filter.satellite")} @change=${s=>this.#t({satellite:h(s)||void 0})}>
<option value="">${t("filter.any_satellite")}</option>
${this.satellites.map(s=>o`<option value=${s.id} .selected=${e.satellite===s.id}>${s.name}</option>`)}
</select>`:n}
<select aria-label=${t("delete.what")} @change=${s=>this.#t({what:h(s)})}>
${["all","audio","text"].map(s=>o`<option value=${s} .selected=${(e.what??"all")===s}>${t(`what.${s}`)}</option>`)}
</select>
</div>
<label class="choice"><input type="checkbox" .checked=${e.include_kept??!1}
@change=${s=>this.#t({include_kept:s.target.checked||void 0})} />${t("delete.include_kept")}</label>
<p role="status">${this.#d()}</p>
${this.#c()}
<div class="bar buttons">
<button type="button" @click=${this.#s}>${t("cancel")}</button>
<button class="danger" ?disabled=${!this.preview?.count}>${t("delete.next",{n:this.preview?.count??0})}</button>
</div>`}#n(){const t=this.words.t.bind(this.words),e=this.preview,i=this.stage==="working";return o`
<h2 id="title" tabindex="-1">${e?t("delete.question",{n:e.count}):t("delete.title")}</h2>
${this.statement().map(s=>o`<p role="status">${s}</p>`)}
${this.#c()}
<div class="bar buttons">
<button type="button" ?disabled=${i} @click=${this.back}>${t(this.chosen?"back":"cancel")}</button>
<button class="danger" ?disabled=${i||!e||!e.count&&!e.in_progress}>${i?t("delete.working"):t("delete.do",{n:e?.count??0})}</button>
</div>`}#f(){const t=this.words.t.bind(this.words),e=this.receipt;return o`
<h2 id="title" tabindex="-1">${t("receipt.title",{n:e.deleted})}</h2>
<p>${t("receipt.size",{length:f(this.words,e.seconds*1e3),size:m(this.words,e.bytes)})}</p>
${e.kept_skipped?o`<p>${t("delete.kept",{n:e.kept_skipped})}</p>`:n}
${e.in_progress_discarded?o`<p>${t("receipt.discarded",{n:e.in_progress_discarded})}</p>`:n}
${e.failed_count?o`<p class="bad">${t("receipt.failed",{n:e.failed_count})}</p>`:n}
${e.remains.length?o`<p>${t("receipt.remains")}</p><ul>${e.remains.map(i=>o`<li>${i}</li>`)}</ul>`:n}
<p class="muted">${t("receipt.id")} <code>${e.receipt}</code></p>
<div class="bar buttons"><button class="main">${t("close")}</button></div>`}statement(){const t=this.words.t.bind(this.words),{what:e="all"}=this.selector,i=this.preview,s=[this.#d()];return i?.count&&(s.push(t(`delete.cost.${e}`)),e!=="text"&&s.push(t("delete.cost.tune"))),i?.in_progress&&s.push(t("delete.in_progress",{n:i.in_progress})),s}#d(){const t=this.words.t.bind(this.words),e=this.preview;if(!e)return this.problem||this.custom?"":t("delete.counting");const i=e.kept?` ${t("delete.kept",{n:e.kept})}`:"";return e.count?t("delete.summary",{n:e.count,length:f(this.words,e.seconds*1e3),size:m(this.words,e.bytes),oldest:e.oldest?this.clock.dateTime(e.oldest):"",newest:e.newest?this.clock.dateTime(e.newest):""})+i:t("delete.none")+i}#c(){return this.problem?o`<p class="bad" role="alert">${this.problem}</p>`:n}#t(t){this.selector=Object.fromEntries(Object.entries({...this.selector,...t}).filter(([,e])=>e!==void 0)),this.#o()}#h;#r;#p(){this.#t({from:this.first?this.clock.midnight(this.first):void 0,to:this.last?this.clock.midnight(this.last,!0):void 0})}#u;#s;#b}l([u({attribute:!1})],r.prototype,"transport");l([u({attribute:!1})],r.prototype,"words");l([u({attribute:!1})],r.prototype,"clock");l([u({attribute:!1})],r.prototype,"satellites");l([a()],r.prototype,"stage");l([a()],r.prototype,"selector");l([a()],r.prototype,"preview");l([a()],r.prototype,"receipt");l([a()],r.prototype,"problem");l([a()],r.prototype,"custom");l([a()],r.prototype,"first");l([a()],r.prototype,"last");l([_("dialog")],r.prototype,"dialog");const h=d=>d.target.value;x("earshot-delete-dialog",r);export{r as DeleteDialog};
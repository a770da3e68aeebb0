import{i as $,t as g,c as v,h as w,a as k,e as b,k as y,b as o,A as n,l as _,o as f,q as m,n as u,r as a,j as x,d as j}from"./page.js";var z=Object.defineProperty,r=(h,t,e,i)=>{for(var s=void 0,c=h.length-1,p;c>=0;c--)(p=h[c])&&(s=p(t,e,s)||s);return s&&z(t,e,s),s};const D=["not_intended","failed","cancelled"];class l extends ${constructor(){super(...arguments),this.satellites=[],this.stage="choose",this.selector={},this.problem="",this.custom=!1,this.first="",this.last="",this.#e=0,this.chosen=!1,this.#d=t=>{const e=d(t);this.custom=e==="custom",this.#t({period:this.custom?void 0:e,from:void 0,to:void 0}),this.custom&&this.#p()},this.#l=t=>{t.target.dataset.end==="first"?this.first=d(t):this.last=d(t),this.#p()},this.#u=t=>{const e=t.target,i=new Set(this.selector.outcomes);e.checked?i.add(e.value):i.delete(e.value),this.#t({outcomes:i.size?[...i]:void 0})},this.back=()=>{this.chosen?this.#i(this.selector,"choose"):this.#s()},this.#s=t=>{t?.preventDefault(),this.stage!=="working"&&(this.#e++,this.dialog.close())},this.#b=t=>{t.preventDefault(),this.stage==="done"?this.dialog.close():this.stage==="confirm"?this.delete().then(()=>this.show()):this.stage==="choose"&&this.preview?.count&&(this.stage="confirm",this.#r())}}#e;static{this.styles=[g,v,w,k`
fieldset {display: grid;grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr));gap: 0 1rem;margin: 0;padding: 0;border: 0;}
legend {padding: 0;font-weight: 600;}
ul {padding-inline-start: 1.2rem;}
code {overflow-wrap: anywhere;}
`]}choose(){this.chosen=!0,this.custom=!1,this.#i({period:"today"},"choose")}confirm(t){this.chosen=!1,this.#i(t,"confirm")}#i(t,e){this.selector=t,this.stage=e,this.receipt=void 0,this.counted=this.#o(),e==="choose"?this.show():this.#r()}#r(){this.#a("earshot-asks",this)?this.show():this.dialog.close()}#a(t,e){return this.dispatchEvent(new CustomEvent(t,{detail:e,bubbles:!0,composed:!0,cancelable:!0}))}show(){this.updateComplete.then(()=>{this.dialog.open||this.dialog.showModal(),this.dialog.querySelector("h2").focus()})}async#o(){const t=++this.#e;if(this.problem="",this.preview=void 0,!(this.custom&&!this.selector.from&&!this.selector.to))try{const e=await this.transport.call("history/delete_preview",this.selector);t===this.#e&&(this.preview=e)}catch(e){t===this.#e&&(this.problem=b(this.words,e))}}async delete(){const t=this.preview?.token;if(t){this.stage="working";try{this.receipt=await this.transport.call("history/delete",{token:t}),this.stage="done",this.#a("earshot-deleted",this.receipt)}catch(e){this.stage="confirm",await this.#o(),this.problem=e instanceof y&&e.code==="not_found"&&this.preview?this.words.t("delete.again"):b(this.words,e)}}}render(){const t={choose:this.#f,confirm:this.#n,working:this.#n,done:this.#m};return o`<dialog aria-labelledby="title" @cancel=${this.#s}>
<form @submit=${this.#b}>${t[this.stage].call(this)}</form>
</dialog>`}#f(){const t=this.words.t.bind(this.words),e=this.selector,i=(s,c,p)=>o`
<label class="choice"><input type="radio" name="period" value=${s} .checked=${p} @change=${this.#d} />${c}</label>`;return o`
<h2 id="title" tabindex="-1">${t("delete.title")}</h2>
<fieldset>
<legend>${t("filter.period")}</legend>
${_.map(s=>i(s,t(`period.${s}`),e.period===s))} ${i("all",t("period.all"),e.period==="all")}
${i("custom",t("period.custom"),this.custom)}
</fieldset>
${this.custom?o`<div class="bar">
<label>${t("filter.first")} <input type="date" data-end="first" .value=${this.first} @change=${this.#l} /></label>
<label>${t("filter.last")} <input type="date" data-end="last" .value=${this.last} @change=${this.#l} /></label>
</div>`:n}
<fieldset>
<legend>${t("delete.only")}</legend>
${D.map(s=>o`<label class="choice"><input type="checkbox" value=${s} .checked=${e.outcomes?.includes(s)??!1}
@change=${this.#u} />${t(`outcome.${s}`)}</label>`)}
</fieldset>
<div class="bar">
${this.satellites.length>1?o`<select aria-label=${t("filter.satellite")} @change=${s=>this.#t({satellite:d(s)||void 0})}>
<option value="">${t("filter.any_satellite")}</option>
${this.satellites.map(s=>o`<option value=${s.id} .selected=${e.satellite===s.id}>${s.name}</option>`)}
</select>`:n}
<select aria-label=${t("delete.what")} @change=${s=>this.#t({what:d(s)})}>
${["all","audio","text"].map(s=>o`<option value=${s} .selected=${(e.what??"all")===s}>${t(`what.${s}`)}</option>`)}
</select>
</div>
<label class="choice"><input type="checkbox" .checked=${e.include_kept??!1}
@change=${s=>this.#t({include_kept:s.target.checked||void 0})} />${t("delete.include_kept")}</label>
<p role="status">${this.#h()}</p>
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
</div>`}#m(){const t=this.words.t.bind(this.words),e=this.receipt;return o`
<h2 id="title" tabindex="-1">${t("receipt.title",{n:e.deleted})}</h2>
<p>${t("receipt.size",{length:m(this.words,e.seconds*1e3),size:f(this.words,e.bytes)})}</p>
${e.kept_skipped?o`<p>${t("delete.kept",{n:e.kept_skipped})}</p>`:n}
${e.in_progress_discarded?o`<p>${t("receipt.discarded",{n:e.in_progress_discarded})}</p>`:n}
${e.failed_count?o`<p class="bad">${t("receipt.failed",{n:e.failed_count})}</p>`:n}
${e.remains.length?o`<p>${t("receipt.remains")}</p><ul>${e.remains.map(i=>o`<li>${i}</li>`)}</ul>`:n}
<p class="muted">${t("receipt.id")} <code>${e.receipt}</code></p>
<div class="bar buttons"><button class="main">${t("close")}</button></div>`}statement(){const t=this.words.t.bind(this.words),{what:e="all"}=this.selector,i=this.preview,s=[this.#h()];return i?.count&&(s.push(t(`delete.cost.${e}`)),e!=="text"&&s.push(t("delete.cost.tune"))),i?.in_progress&&s.push(t("delete.in_progress",{n:i.in_progress})),s}#h(){const t=this.words.t.bind(this.words),e=this.preview;if(!e)return this.problem||this.custom?"":t("delete.counting");const i=e.kept?` ${t("delete.kept",{n:e.kept})}`:"";return e.count?t("delete.summary",{n:e.count,length:m(this.words,e.seconds*1e3),size:f(this.words,e.bytes),oldest:e.oldest?this.clock.dateTime(e.oldest):"",newest:e.newest?this.clock.dateTime(e.newest):""})+i:t("delete.none")+i}#c(){return this.problem?o`<p class="bad" role="alert">${this.problem}</p>`:n}#t(t){this.selector=Object.fromEntries(Object.entries({...this.selector,...t}).filter(([,e])=>e!==void 0)),this.#o()}#d;#l;#p(){this.#t({from:this.first?this.clock.midnight(this.first):void 0,to:this.last?this.clock.midnight(this.last,!0):void 0})}#u;#s;#b}r([u({attribute:!1})],l.prototype,"transport");r([u({attribute:!1})],l.prototype,"words");r([u({attribute:!1})],l.prototype,"clock");r([u({attribute:!1})],l.prototype,"satellites");r([a()],l.prototype,"stage");r([a()],l.prototype,"selector");r([a()],l.prototype,"preview");r([a()],l.prototype,"receipt");r([a()],l.prototype,"problem");r([a()],l.prototype,"custom");r([a()],l.prototype,"first");r([a()],l.prototype,"last");r([x("dialog")],l.prototype,"dialog");const d=h=>h.target.value;j("earshot-delete-dialog",l);export{l as DeleteDialog};
import{i as v,t as g,c as f,a as w,e as m,m as b,A as p,b as a,g as k,s as _,C as x,n as $,r as d,d as C}from"./page.js";var P=Object.defineProperty,n=(o,t,e,i)=>{for(var s=void 0,l=o.length-1,c;l>=0;l--)(c=o[l])&&(s=c(t,e,s)||s);return s&&P(t,e,s),s};const z=["audio+text","text","nothing"],j=["understood","not_intended","failed"],y=["never","18m","3m","30d","7d","24h"];class r extends v{constructor(){super(...arguments),this.satellites=[],this.problem="",this.said="",this.busy=!1,this.#t=t=>this.#e(async()=>{this.settings=await this.transport.call("settings/update",t),this.said=this.words.t("privacy.saved_now")}),this.#a=()=>this.#e(async()=>{await this.transport.call("retention/run"),await this.#s()}),this.#l=()=>this.#e(async()=>{const{url:t}=await this.transport.call("history/export",{period:"all"}),e=document.createElement("a");e.href=this.transport.url(t),e.download="",e.click()})}#i;static{this.styles=[g,f,w`
:host {display: grid;gap: 1.5rem;padding-block: 1rem;max-inline-size: 44rem;}
section, fieldset {display: grid;gap: 0.6rem;justify-items: start;}
section {padding-block-start: 1.2rem;border-block-start: 1px solid var(--line);}
fieldset {margin: 0;padding: 0;border: 0;}
legend {padding: 0;font-weight: 600;}
label.choice {align-items: flex-start;padding-block: 0.3rem;}
label small {display: block;color: var(--muted);font-size: 0.9rem;}
label.field {display: grid;gap: 0.2rem;}
`]}connectedCallback(){super.connectedCallback(),this.#i=this.transport.watch(()=>{this.#s()}),this.#s()}disconnectedCallback(){super.disconnectedCallback(),this.#i?.()}async#s(){if(this.requestUpdate(),this.transport.link==="ready")try{const[t,{satellites:e}]=await Promise.all([this.transport.call("settings/get"),this.transport.call("satellites/list")]);this.settings=t,this.satellites=e,this.problem=""}catch(t){this.problem=m(this.words,t)}}render(){const t=this.words.t.bind(this.words),e=this.settings,i=!b(this.transport.role)||this.transport.link!=="ready";return a`
<h2>${t("privacy.title")}</h2>
<p class="heard" role="status">${this.said}</p>
${this.problem?a`<p class="bad" role="alert">${this.problem}</p>`:p}
${e?a`
${e.satellites.map(s=>this.#r(s,i))}
${this.#o(e,i)}
<section>
<label class="choice"><input type="checkbox" .checked=${e.improve} ?disabled=${i} @change=${s=>this.#t({improve:A(s)})} />
<span>${t("privacy.improve")}<small>${t("privacy.improve_why")}</small></span></label>
</section>
${k(this.transport.role)?a`<section><h3>${t("privacy.export")}</h3><p class="muted">${t("privacy.export_why")}</p>
<button ?disabled=${this.busy||this.transport.link!=="ready"} @click=${this.#l}>${t("privacy.export_do")}</button></section>`:p}`:a`<p class="muted" role="status">${t("list.loading")}</p>`}
`}#r(t,e){const i=this.words.t.bind(this.words);return a`<section aria-labelledby=${`of-${t.satellite}`}>
<h3 id=${`of-${t.satellite}`}>${_(this.satellites,t.satellite)}</h3>
<fieldset ?disabled=${e}>
<legend>${i("privacy.saved")}</legend>
${z.map(s=>a`<label class="choice"><input type="radio" name=${`save-${t.satellite}`} .checked=${t.save===s}
@change=${()=>this.#t({satellite:t.satellite,save:s})} />
<span>${i(`privacy.save.${s}`)}<small>${i(`privacy.save.${s}_why`)}</small></span></label>`)}
</fieldset>
<fieldset ?disabled=${e}>
<legend>${i("privacy.keep")}</legend>
<div class="bar">
${j.map(s=>a`<label class="field">${i(`privacy.${s}`)}
<select @change=${l=>this.#t({satellite:t.satellite,[s]:l.target.value})}>
${[...new Set([...y,t[s]])].map(l=>a`<option value=${l} .selected=${t[s]===l}>${this.#n(l)}</option>`)}
</select></label>`)}
</div>
</fieldset>
</section>`}#n(t){return y.includes(t)?this.words.t(`privacy.age.${t}`):t}#o(t,e){const i=this.words.t.bind(this.words),s=new x(this.words,this.transport.timeZone),l=(c,u)=>a`<label class="field">${i(u)}
<input type="number" min="0" max="1000000000" step="1" .value=${String(t.limits[c])} ?disabled=${e}
@change=${h=>h.target.reportValidity()&&this.#t({[c]:h.target.valueAsNumber})} /></label>`;return a`<section>
<div class="bar">${l("max_megabytes","privacy.limit_size")}${l("max_entries","privacy.limit_entries")}</div>
<p class="muted">${i("privacy.no_limit")}</p>
${t.retention.due.entries?a`<p>${i("privacy.due",{n:t.retention.due.entries,at:s.dateTime(t.retention.next)})}</p>
${b(this.transport.role)?a`<button ?disabled=${e||this.busy} @click=${this.#a}>${i("privacy.run")}</button>`:p}`:p}
</section>`}#t;#a;#l;async#e(t){this.busy=!0,this.problem=this.said="";try{await t()}catch(e){this.problem=m(this.words,e),this.settings&&(this.settings={...this.settings})}finally{this.busy=!1}}}n([$({attribute:!1})],r.prototype,"transport");n([$({attribute:!1})],r.prototype,"words");n([d()],r.prototype,"settings");n([d()],r.prototype,"satellites");n([d()],r.prototype,"problem");n([d()],r.prototype,"said");n([d()],r.prototype,"busy");const A=o=>o.target.checked;C("earshot-privacy",r);export{r as Privacy};
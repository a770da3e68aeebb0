import{i as m,t as $,c as u,a as g,e as w,C as y,A as i,b as e,n as b,r as h,d as f}from"./page.js";var k=Object.defineProperty,n=(c,t,s,r)=>{for(var a=void 0,l=c.length-1,d;l>=0;l--)(d=c[l])&&(a=d(t,s,a)||a);return a&&k(t,s,a),a};const p=50;class o extends m{constructor(){super(...arguments),this.more=!1,this.problem=""}#s;static{this.styles=[$,u,g`
:host {display: grid;gap: 1rem;padding-block: 1rem;justify-items: start;}
table {inline-size: 100%;border-collapse: collapse;}
th, td {padding: 0.5rem 0.6rem 0.5rem 0;border-block-end: 1px solid var(--line);text-align: start;overflow-wrap: anywhere;}
.number {text-align: end;}
`]}connectedCallback(){super.connectedCallback(),this.#s=this.transport.watch(()=>{this.#t()}),this.#t()}disconnectedCallback(){super.disconnectedCallback(),this.#s?.()}async#t(t){if(this.transport.link==="ready"){this.problem="";try{const{lines:s}=await this.transport.call("access_log/list",{limit:p,...t?{before:t}:{}});this.lines=t?[...this.lines??[],...s]:s,this.more=s.length===p}catch(s){this.problem=w(this.words,s)}}}render(){const t=this.words.t.bind(this.words),s=new y(this.words,this.transport.timeZone);return e`
<h2>${t("page.access")}</h2>
${this.problem?e`<p class="bad" role="alert">${this.problem}</p>`:i}
${this.lines?i:e`<p class="muted" role="status">${t("list.loading")}</p>`}
${this.lines?.length===0?e`<p>${t("access.none")}</p>`:i}
${this.lines?.length?e`<table>
<thead><tr><th scope="col">${t("access.at")}</th><th scope="col">${t("access.who")}</th><th scope="col">${t("access.action")}</th>
<th scope="col" class="number">${t("access.entries")}</th></tr></thead>
<tbody>${this.lines.map(r=>e`<tr><td>${s.dateTime(r.at)}</td><td>${r.who}</td><td>${t(`access.${r.action}`)}</td>
<td class="number">${r.entries?t("number",{n:r.entries}):""}</td></tr>`)}</tbody>
</table>`:i}
${this.more?e`<button @click=${()=>this.#t(this.lines?.at(-1)?.id)}>${t("access.more")}</button>`:i}
`}}n([b({attribute:!1})],o.prototype,"transport");n([b({attribute:!1})],o.prototype,"words");n([h()],o.prototype,"lines");n([h()],o.prototype,"more");n([h()],o.prototype,"problem");f("earshot-access-log",o);export{o as AccessLog};
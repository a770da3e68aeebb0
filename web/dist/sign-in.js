import{i as p,t as h,c as b,a as g,A as a,b as o,S as y,n as l,r as m,d as f}from"./page.js";var $=Object.defineProperty,n=(d,t,s,i)=>{for(var e=void 0,c=d.length-1,u;c>=0;c--)(u=d[c])&&(e=u(t,s,e)||e);return e&&$(t,s,e),e};class r extends p{constructor(){super(...arguments),this.methods=[],this.problem="",this.busy="",this.asked=!1,this.#t=async()=>{this.asked=await this.#r("code",()=>this.signIn.requestCode())},this.#s=t=>{this.#i(t,s=>this.signIn.withCode(s.replaceAll(" ","")))},this.#e=t=>{this.#i(t,s=>this.signIn.withToken(s))}}static{this.styles=[h,b,g`
section, form {display: grid;gap: 0.8rem;justify-items: start;}
section {max-inline-size: 28rem;margin: 10vh auto 0;gap: 1.2rem;}
details {inline-size: 100%;border-block-start: 1px solid var(--line);padding-block: 0.4rem;}
summary {display: flex;align-items: center;min-block-size: 40px;cursor: pointer;}
form {padding-block: 0.4rem;}
label {display: grid;gap: 0.3rem;inline-size: 100%;}
.button {border-color: transparent;background: var(--accent);color: var(--on-accent);}
.button:hover {background: var(--accent);}
`]}render(){const t=this.words.t.bind(this.words),s=i=>this.methods.includes(i);return o`<section>
<h2>${t("sign.title")}</h2>
<p class="muted">${t("sign.why")}</p>
${this.problem?o`<p class="bad" role="alert">${t(this.problem)}</p>`:a}
${s("home_assistant")?o`<a class="button" href=${this.signIn.url("home_assistant")}>${t("sign.home_assistant")}</a>`:a}
${s("code")?o`<details ?open=${!s("home_assistant")}>
<summary>${t("sign.code")}</summary>
<form @submit=${this.#s}>
<p class="muted">${t("sign.code_why")}</p>
<button type="button" ?disabled=${this.busy==="code"} aria-pressed=${this.asked} @click=${this.#t}>${t("sign.code_request")}</button>
<label>${t("sign.code_field")}
<input name="secret" type="text" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{8,}" required /></label>
<button class="main" ?disabled=${this.busy==="session"}>${t("sign.do")}</button>
</form>
</details>`:a}
${s("token")?o`<details>
<summary>${t("sign.token")}</summary>
<form @submit=${this.#e}>
<label>${t("sign.token_field")} <input name="secret" type="password" autocomplete="off" required /></label>
<button class="main" ?disabled=${this.busy==="session"}>${t("sign.do")}</button>
</form>
</details>`:a}
</section>`}#t;#s;#e;async#i(t,s){t.preventDefault();const i=t.target,e=String(new FormData(i).get("secret")??"").trim();i.reset(),await this.#r("session",()=>s(e))&&this.dispatchEvent(new Event("signed-in"))}async#r(t,s){this.busy=t,this.problem="";try{return await s(),!0}catch(i){const e=i instanceof y?i.code:"";return this.problem=e==="busy"?"sign.busy":e===""?"error.offline":"sign.wrong",!1}finally{this.busy=""}}}n([l({attribute:!1})],r.prototype,"words");n([l({attribute:!1})],r.prototype,"signIn");n([l({attribute:!1})],r.prototype,"methods");n([l({attribute:!1})],r.prototype,"problem");n([m()],r.prototype,"busy");n([m()],r.prototype,"asked");f("earshot-sign-in",r);export{r as SignInView};
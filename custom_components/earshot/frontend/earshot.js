const we=globalThis,Te=we.ShadowRoot&&(we.ShadyCSS===void 0||we.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype,Pe=Symbol(),Ie=new WeakMap;let bt=class{constructor(e,t,i){if(this._$cssResult$=!0,i!==Pe)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o;const t=this.t;if(Te&&e===void 0){const i=t!==void 0&&t.length===1;i&&(e=Ie.get(t)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),i&&Ie.set(t,e))}return e}toString(){return this.cssText}};const Pt=r=>new bt(typeof r=="string"?r:r+"",void 0,Pe),v=(r,...e)=>{const t=r.length===1?r[0]:e.reduce((i,s,o)=>i+(n=>{if(n._$cssResult$===!0)return n.cssText;if(typeof n=="number")return n;throw Error("Value passed to 'css' function must be a 'css' function result: "+n+". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.")})(s)+r[o+1],r[0]);return new bt(t,r,Pe)},Dt=(r,e)=>{if(Te)r.adoptedStyleSheets=e.map(t=>t instanceof CSSStyleSheet?t:t.styleSheet);else for(const t of e){const i=document.createElement("style"),s=we.litNonce;s!==void 0&&i.setAttribute("nonce",s),i.textContent=t.cssText,r.appendChild(i)}},We=Te?r=>r:r=>r instanceof CSSStyleSheet?(e=>{let t="";for(const i of e.cssRules)t+=i.cssText;return Pt(t)})(r):r;const{is:Nt,defineProperty:Ot,getOwnPropertyDescriptor:Ut,getOwnPropertyNames:Ht,getOwnPropertySymbols:Lt,getPrototypeOf:Rt}=Object,ve=globalThis,qe=ve.trustedTypes,jt=qe?qe.emptyScript:"",Bt=ve.reactiveElementPolyfillSupport,le=(r,e)=>r,$e={toAttribute(r,e){switch(e){case Boolean:r=r?jt:null;break;case Object:case Array:r=r==null?r:JSON.stringify(r)}return r},fromAttribute(r,e){let t=r;switch(e){case Boolean:t=r!==null;break;case Number:t=r===null?null:Number(r);break;case Object:case Array:try{t=JSON.parse(r)}catch{t=null}}return t}},De=(r,e)=>!Nt(r,e),Ve={attribute:!0,type:String,converter:$e,reflect:!1,useDefault:!1,hasChanged:De};Symbol.metadata??=Symbol("metadata"),ve.litPropertyMetadata??=new WeakMap;let G=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=Ve){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){const i=Symbol(),s=this.getPropertyDescriptor(e,i,t);s!==void 0&&Ot(this.prototype,e,s)}}static getPropertyDescriptor(e,t,i){const{get:s,set:o}=Ut(this.prototype,e)??{get(){return this[t]},set(n){this[t]=n}};return{get:s,set(n){const l=s?.call(this);o?.call(this,n),this.requestUpdate(e,l,i)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??Ve}static _$Ei(){if(this.hasOwnProperty(le("elementProperties")))return;const e=Rt(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(le("finalized")))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(le("properties"))){const t=this.properties,i=[...Ht(t),...Lt(t)];for(const s of i)this.createProperty(s,t[s])}const e=this[Symbol.metadata];if(e!==null){const t=litPropertyMetadata.get(e);if(t!==void 0)for(const[i,s]of t)this.elementProperties.set(i,s)}this._$Eh=new Map;for(const[t,i]of this.elementProperties){const s=this._$Eu(t,i);s!==void 0&&this._$Eh.set(s,t)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){const t=[];if(Array.isArray(e)){const i=new Set(e.flat(1/0).reverse());for(const s of i)t.unshift(We(s))}else e!==void 0&&t.push(We(e));return t}static _$Eu(e,t){const i=t.attribute;return i===!1?void 0:typeof i=="string"?i:typeof e=="string"?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){const e=new Map,t=this.constructor.elementProperties;for(const i of t.keys())this.hasOwnProperty(i)&&(e.set(i,this[i]),delete this[i]);e.size>0&&(this._$Ep=e)}createRenderRoot(){const e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return Dt(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,i){this._$AK(e,i)}_$ET(e,t){const i=this.constructor.elementProperties.get(e),s=this.constructor._$Eu(e,i);if(s!==void 0&&i.reflect===!0){const o=(i.converter?.toAttribute!==void 0?i.converter:$e).toAttribute(t,i.type);this._$Em=e,o==null?this.removeAttribute(s):this.setAttribute(s,o),this._$Em=null}}_$AK(e,t){const i=this.constructor,s=i._$Eh.get(e);if(s!==void 0&&this._$Em!==s){const o=i.getPropertyOptions(s),n=typeof o.converter=="function"?{fromAttribute:o.converter}:o.converter?.fromAttribute!==void 0?o.converter:$e;this._$Em=s;const l=n.fromAttribute(t,o.type);this[s]=l??this._$Ej?.get(s)??l,this._$Em=null}}requestUpdate(e,t,i,s=!1,o){if(e!==void 0){const n=this.constructor;if(s===!1&&(o=this[e]),i??=n.getPropertyOptions(e),!((i.hasChanged??De)(o,t)||i.useDefault&&i.reflect&&o===this._$Ej?.get(e)&&!this.hasAttribute(n._$Eu(e,i))))return;this.C(e,t,i)}this.isUpdatePending===!1&&(this._$ES=this._$EP())}C(e,t,{useDefault:i,reflect:s,wrapped:o},n){i&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,n??t??this[e]),o!==!0||n!==void 0)||(this._$AL.has(e)||(this.hasUpdated||i||(t=void 0),this._$AL.set(e,t)),s===!0&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(t){Promise.reject(t)}const e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(const[s,o]of this._$Ep)this[s]=o;this._$Ep=void 0}const i=this.constructor.elementProperties;if(i.size>0)for(const[s,o]of i){const{wrapped:n}=o,l=this[s];n!==!0||this._$AL.has(s)||l===void 0||this.C(s,void 0,o,l)}}let e=!1;const t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(i=>i.hostUpdate?.()),this.update(t)):this._$EM()}catch(i){throw e=!1,this._$EM(),i}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(t=>t.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(t=>this._$ET(t,this[t])),this._$EM()}updated(e){}firstUpdated(e){}};G.elementStyles=[],G.shadowRootOptions={mode:"open"},G[le("elementProperties")]=new Map,G[le("finalized")]=new Map,Bt?.({ReactiveElement:G}),(ve.reactiveElementVersions??=[]).push("2.1.2");const Ne=globalThis,Fe=r=>r,ye=Ne.trustedTypes,Ze=ye?ye.createPolicy("lit-html",{createHTML:r=>r}):void 0,wt="$lit$",N=`lit$${Math.random().toFixed(9).slice(2)}$`,$t="?"+N,It=`<${$t}>`,q=document,ce=()=>q.createComment(""),he=r=>r===null||typeof r!="object"&&typeof r!="function",Oe=Array.isArray,Wt=r=>Oe(r)||typeof r?.[Symbol.iterator]=="function",Se=`[ 	
\f\r]`,oe=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,Ke=/-->/g,Ge=/>/g,B=RegExp(`>|${Se}(?:([^\\s"'>=/]+)(${Se}*=${Se}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),Ye=/'/g,Je=/"/g,yt=/^(?:script|style|textarea|title)$/i,vt=r=>(e,...t)=>({_$litType$:r,strings:e,values:t}),a=vt(1),kt=vt(2),V=Symbol.for("lit-noChange"),c=Symbol.for("lit-nothing"),Qe=new WeakMap,W=q.createTreeWalker(q,129);function _t(r,e){if(!Oe(r)||!r.hasOwnProperty("raw"))throw Error("invalid template strings array");return Ze!==void 0?Ze.createHTML(e):e}const qt=(r,e)=>{const t=r.length-1,i=[];let s,o=e===2?"<svg>":e===3?"<math>":"",n=oe;for(let l=0;l<t;l++){const d=r[l];let f,p,h=-1,g=0;for(;g<d.length&&(n.lastIndex=g,p=n.exec(d),p!==null);)g=n.lastIndex,n===oe?p[1]==="!--"?n=Ke:p[1]!==void 0?n=Ge:p[2]!==void 0?(yt.test(p[2])&&(s=RegExp("</"+p[2],"g")),n=B):p[3]!==void 0&&(n=B):n===B?p[0]===">"?(n=s??oe,h=-1):p[1]===void 0?h=-2:(h=n.lastIndex-p[2].length,f=p[1],n=p[3]===void 0?B:p[3]==='"'?Je:Ye):n===Je||n===Ye?n=B:n===Ke||n===Ge?n=oe:(n=B,s=void 0);const u=n===B&&r[l+1].startsWith("/>")?" ":"";o+=n===oe?d+It:h>=0?(i.push(f),d.slice(0,h)+wt+d.slice(h)+N+u):d+N+(h===-2?l:u)}return[_t(r,o+(r[t]||"<?>")+(e===2?"</svg>":e===3?"</math>":"")),i]};class pe{constructor({strings:e,_$litType$:t},i){let s;this.parts=[];let o=0,n=0;const l=e.length-1,d=this.parts,[f,p]=qt(e,t);if(this.el=pe.createElement(f,i),W.currentNode=this.el.content,t===2||t===3){const h=this.el.content.firstChild;h.replaceWith(...h.childNodes)}for(;(s=W.nextNode())!==null&&d.length<l;){if(s.nodeType===1){if(s.hasAttributes())for(const h of s.getAttributeNames())if(h.endsWith(wt)){const g=p[n++],u=s.getAttribute(h).split(N),w=/([.?@])?(.*)/.exec(g);d.push({type:1,index:o,name:w[2],strings:u,ctor:w[1]==="."?Ft:w[1]==="?"?Zt:w[1]==="@"?Kt:ke}),s.removeAttribute(h)}else h.startsWith(N)&&(d.push({type:6,index:o}),s.removeAttribute(h));if(yt.test(s.tagName)){const h=s.textContent.split(N),g=h.length-1;if(g>0){s.textContent=ye?ye.emptyScript:"";for(let u=0;u<g;u++)s.append(h[u],ce()),W.nextNode(),d.push({type:2,index:++o});s.append(h[g],ce())}}}else if(s.nodeType===8)if(s.data===$t)d.push({type:2,index:o});else{let h=-1;for(;(h=s.data.indexOf(N,h+1))!==-1;)d.push({type:7,index:o}),h+=N.length-1}o++}}static createElement(e,t){const i=q.createElement("template");return i.innerHTML=e,i}}function J(r,e,t=r,i){if(e===V)return e;let s=i!==void 0?t._$Co?.[i]:t._$Cl;const o=he(e)?void 0:e._$litDirective$;return s?.constructor!==o&&(s?._$AO?.(!1),o===void 0?s=void 0:(s=new o(r),s._$AT(r,t,i)),i!==void 0?(t._$Co??=[])[i]=s:t._$Cl=s),s!==void 0&&(e=J(r,s._$AS(r,e.values),s,i)),e}class Vt{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){const{el:{content:t},parts:i}=this._$AD,s=(e?.creationScope??q).importNode(t,!0);W.currentNode=s;let o=W.nextNode(),n=0,l=0,d=i[0];for(;d!==void 0;){if(n===d.index){let f;d.type===2?f=new ee(o,o.nextSibling,this,e):d.type===1?f=new d.ctor(o,d.name,d.strings,this,e):d.type===6&&(f=new Gt(o,this,e)),this._$AV.push(f),d=i[++l]}n!==d?.index&&(o=W.nextNode(),n++)}return W.currentNode=q,s}p(e){let t=0;for(const i of this._$AV)i!==void 0&&(i.strings!==void 0?(i._$AI(e,i,t),t+=i.strings.length-2):i._$AI(e[t])),t++}}class ee{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,i,s){this.type=2,this._$AH=c,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=i,this.options=s,this._$Cv=s?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode;const t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=J(this,e,t),he(e)?e===c||e==null||e===""?(this._$AH!==c&&this._$AR(),this._$AH=c):e!==this._$AH&&e!==V&&this._(e):e._$litType$!==void 0?this.$(e):e.nodeType!==void 0?this.T(e):Wt(e)?this.k(e):this._(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==c&&he(this._$AH)?this._$AA.nextSibling.data=e:this.T(q.createTextNode(e)),this._$AH=e}$(e){const{values:t,_$litType$:i}=e,s=typeof i=="number"?this._$AC(e):(i.el===void 0&&(i.el=pe.createElement(_t(i.h,i.h[0]),this.options)),i);if(this._$AH?._$AD===s)this._$AH.p(t);else{const o=new Vt(s,this),n=o.u(this.options);o.p(t),this.T(n),this._$AH=o}}_$AC(e){let t=Qe.get(e.strings);return t===void 0&&Qe.set(e.strings,t=new pe(e)),t}k(e){Oe(this._$AH)||(this._$AH=[],this._$AR());const t=this._$AH;let i,s=0;for(const o of e)s===t.length?t.push(i=new ee(this.O(ce()),this.O(ce()),this,this.options)):i=t[s],i._$AI(o),s++;s<t.length&&(this._$AR(i&&i._$AB.nextSibling,s),t.length=s)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){const i=Fe(e).nextSibling;Fe(e).remove(),e=i}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}}class ke{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,i,s,o){this.type=1,this._$AH=c,this._$AN=void 0,this.element=e,this.name=t,this._$AM=s,this.options=o,i.length>2||i[0]!==""||i[1]!==""?(this._$AH=Array(i.length-1).fill(new String),this.strings=i):this._$AH=c}_$AI(e,t=this,i,s){const o=this.strings;let n=!1;if(o===void 0)e=J(this,e,t,0),n=!he(e)||e!==this._$AH&&e!==V,n&&(this._$AH=e);else{const l=e;let d,f;for(e=o[0],d=0;d<o.length-1;d++)f=J(this,l[i+d],t,d),f===V&&(f=this._$AH[d]),n||=!he(f)||f!==this._$AH[d],f===c?e=c:e!==c&&(e+=(f??"")+o[d+1]),this._$AH[d]=f}n&&!s&&this.j(e)}j(e){e===c?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??"")}}class Ft extends ke{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===c?void 0:e}}class Zt extends ke{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==c)}}class Kt extends ke{constructor(e,t,i,s,o){super(e,t,i,s,o),this.type=5}_$AI(e,t=this){if((e=J(this,e,t,0)??c)===V)return;const i=this._$AH,s=e===c&&i!==c||e.capture!==i.capture||e.once!==i.once||e.passive!==i.passive,o=e!==c&&(i===c||s);s&&this.element.removeEventListener(this.name,this,i),o&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}}class Gt{constructor(e,t,i){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=i}get _$AU(){return this._$AM._$AU}_$AI(e){J(this,e)}}const Yt={I:ee},Jt=Ne.litHtmlPolyfillSupport;Jt?.(pe,ee),(Ne.litHtmlVersions??=[]).push("3.3.3");const Qt=(r,e,t)=>{const i=t?.renderBefore??e;let s=i._$litPart$;if(s===void 0){const o=t?.renderBefore??null;i._$litPart$=s=new ee(e.insertBefore(ce(),o),o,void 0,t??{})}return s._$AI(r),s};const Ue=globalThis;let y=class extends G{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){const e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){const t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Qt(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return V}};y._$litElement$=!0,y.finalized=!0,Ue.litElementHydrateSupport?.({LitElement:y});const Xt=Ue.litElementPolyfillSupport;Xt?.({LitElement:y});(Ue.litElementVersions??=[]).push("4.2.2");const es={attribute:!0,type:String,converter:$e,reflect:!1,hasChanged:De},ts=(r=es,e,t)=>{const{kind:i,metadata:s}=t;let o=globalThis.litPropertyMetadata.get(s);if(o===void 0&&globalThis.litPropertyMetadata.set(s,o=new Map),i==="setter"&&((r=Object.create(r)).wrapped=!0),o.set(t.name,r),i==="accessor"){const{name:n}=t;return{set(l){const d=e.get.call(this);e.set.call(this,l),this.requestUpdate(n,d,r,!0,l)},init(l){return l!==void 0&&this.C(n,void 0,r,l),l}}}if(i==="setter"){const{name:n}=t;return function(l){const d=this[n];e.call(this,l),this.requestUpdate(n,d,r,!0,l)}}throw Error("Unsupported decorator location: "+i)};function b(r){return(e,t)=>typeof t=="object"?ts(r,e,t):((i,s,o)=>{const n=s.hasOwnProperty(o);return s.constructor.createProperty(o,i),n?Object.getOwnPropertyDescriptor(s,o):void 0})(r,e,t)}function m(r){return b({...r,state:!0,attribute:!1})}const ss=(r,e,t)=>(t.configurable=!0,t.enumerable=!0,Reflect.decorate&&typeof e!="object"&&Object.defineProperty(r,e,t),t);function xt(r,e){return(t,i,s)=>{const o=n=>n.renderRoot?.querySelector(r)??null;return ss(t,i,{get(){return o(this)}})}}function A(r,e){customElements.get(r)||customElements.define(r,e)}const M=v`
:host {
--text: var(--primary-text-color, light-dark(#191c20, #e7e9ed));
--muted: var(--secondary-text-color, light-dark(#545b66, #a8b0bc));
--surface: var(--card-background-color, light-dark(#fff, #1b1f25));
--raised: light-dark(#f1f3f6, #272c34);
--line: var(--divider-color, light-dark(#d9dde3, #353b45));
--accent: light-dark(#1f55a8, #8ab4f8);
--on-accent: light-dark(#fff, #10233f);
--good: light-dark(#17693a, #7fd1a0);
--warn: light-dark(#8a4b00, #f0b866);
--bad: light-dark(#b3261e, #ff9c94);
--on-bad: light-dark(#fff, #3b0907);
color: var(--text);
font-size: 1rem;
line-height: 1.4;
}
* {
box-sizing: border-box;
}
h2, h3, p, ul, dl, dd, figure {
margin: 0;
padding: 0;
}
[hidden] {
display: none !important;
}
.heard {
position: absolute;
inline-size: 1px;
block-size: 1px;
overflow: hidden;
clip-path: inset(50%);
white-space: nowrap;
}
.muted {
color: var(--muted);
}
.bad {
color: var(--bad);
}
@media (prefers-reduced-motion: reduce) {
* {
animation: none !important;
transition: none !important;
}
}
`,P=v`
button, select, input {
font: inherit;
color: inherit;
}
button, .button {
display: inline-flex;
align-items: center;
justify-content: center;
gap: 0.4rem;
min-block-size: 40px;
padding: 0 0.9rem;
border: 1px solid var(--line);
border-radius: 0.6rem;
background: var(--surface);
cursor: pointer;
text-decoration: none;
color: inherit;
}
button:hover:enabled, .button:hover {
background: var(--raised);
}
button:disabled {
cursor: default;
opacity: 0.55;
}
button.main {
border-color: transparent;
background: var(--accent);
color: var(--on-accent);
}
button.danger {
border-color: transparent;
background: var(--bad);
color: var(--on-bad);
}
button.icon {
inline-size: 40px;
padding: 0;
border-color: transparent;
background: none;
flex: none;
}
button.icon:hover:enabled {
background: var(--raised);
}
button[aria-pressed="true"] {
border-color: var(--accent);
color: var(--accent);
box-shadow: inset 0 0 0 1px var(--accent);
}
select, input:not([type]), input[type="search"], input[type="date"], input[type="text"], input[type="password"], input[type="number"] {
min-block-size: 40px;
padding: 0 0.6rem;
border: 1px solid light-dark(#7d8590, #7d8590);
border-radius: 0.6rem;
background: var(--surface);
max-inline-size: 100%;
}
input[type="checkbox"], input[type="radio"] {
inline-size: 20px;
block-size: 20px;
margin: 0;
flex: none;
accent-color: var(--accent);
}
input[type="range"] {
accent-color: var(--accent);
min-block-size: 24px;
}
label.choice {
display: flex;
align-items: center;
gap: 0.6rem;
min-block-size: 36px;
}
:focus-visible {
outline: 2px solid var(--accent);
outline-offset: 2px;
}
.bar {
display: flex;
flex-wrap: wrap;
align-items: center;
gap: 0.5rem;
}
.grow {
flex: 1;
min-inline-size: 0;
}
`;class T extends Error{constructor(e,t){super(t),this.code=e}}class is{constructor(e,t){this.hass=e,this.bridge=t,this.link="connecting",this.role="read",this.name="",this.#e=new Set,this.#s=({online:i,role:s,name:o})=>{this.name=o,s!=="none"&&(this.role=s),this.#r(s==="none"?"refused":i?"ready":"offline")},this.#i=()=>this.#r("offline")}#e;#t;get timeZone(){return this.hass.locale.time_zone==="local"?"":this.hass.config.time_zone}open(){this.hass.connection.addEventListener("disconnected",this.#i),this.#t=this.hass.connection.subscribeMessage(this.#s,{type:"earshot/watch",bridge:this.bridge}),this.#t.catch(()=>this.#r("offline"))}close(){this.hass.connection.removeEventListener("disconnected",this.#i),this.#t?.then(e=>e()).catch(()=>{}),this.#r("offline")}watch(e){return this.#e.add(e),()=>this.#e.delete(e)}async call(e,t={}){try{return await this.hass.callWS({type:"earshot/call",bridge:this.bridge,command:e,fields:t})}catch(i){throw Xe(i)}}async subscribe(e,t,i){try{const s={type:"earshot/subscribe",bridge:this.bridge,command:e,fields:t},o=await this.hass.connection.subscribeMessage(i,s,{resubscribe:!1});return()=>{o().catch(()=>{})}}catch(s){throw Xe(s)}}url(e){return this.hass.hassUrl(e)}#s;#i;#r(e){if(this.link!==e){this.link=e;for(const t of[...this.#e])t()}}}function Xe(r){const{code:e,message:t}=typeof r=="object"&&r!==null?r:{};return typeof e!="string"?new T("offline",""):new T(e,typeof t=="string"?t:"")}function Ce({locale:r}){const e={12:"h12",24:"h23",language:"",system:""}[r.time_format];return e?`${r.language}-u-hc-${e}`:r.language}const rs=(function(){const e=typeof document<"u"&&document.createElement("link").relList;return e&&e.supports&&e.supports("modulepreload")?"modulepreload":"preload"})(),os=function(r){return"/"+r},et={},ns=function(e,t,i){let s=Promise.resolve();if(t&&t.length>0){let f=function(p){return Promise.all(p.map(h=>Promise.resolve(h).then(g=>({status:"fulfilled",value:g}),g=>({status:"rejected",reason:g}))))};var n=f;document.getElementsByTagName("link");const l=document.querySelector("meta[property=csp-nonce]"),d=l?.nonce||l?.getAttribute("nonce");s=f(t.map(p=>{if(p=os(p),p in et)return;et[p]=!0;const h=p.endsWith(".css"),g=h?'[rel="stylesheet"]':"";if(document.querySelector(`link[href="${p}"]${g}`))return;const u=document.createElement("link");if(u.rel=h?"stylesheet":rs,h||(u.as="script"),u.crossOrigin="",u.href=p,d&&u.setAttribute("nonce",d),document.head.appendChild(u),h)return new Promise((w,_)=>{u.addEventListener("load",w),u.addEventListener("error",()=>_(new Error(`Unable to preload CSS for ${p}`)))})}))}function o(l){const d=new Event("vite:preloadError",{cancelable:!0});if(d.payload=l,window.dispatchEvent(d),!d.defaultPrevented)throw l}return s.then(l=>{for(const d of l||[])d.status==="rejected"&&o(d.reason);return e().catch(o)})},as={number:"{n}",cancel:"Cancel",back:"Back",close:"Close",again:"Try again","day.today":"Today","day.yesterday":"Yesterday","list.count":{one:"{n} recording",other:"{n} recordings"},"list.new":"{n} new","list.loading":"Loading…","list.no_match":"No recordings match.","list.empty":"No recordings yet.","list.empty_word":"No recordings yet. Say “{word}” and what you want.","list.paused":"Recordings are not saved.","list.paused_at":"Recordings are not saved: {names}.","link.offline":"Reconnecting…","row.said":"“{text}”","row.not_intended":"Text not available — audio not intended for the assistant","row.no_text":"No text","row.select":"Select: {title}","row.play":"Play","row.pause":"Pause","row.no_audio":"No audio is kept","row.play_failed":"It can no longer be played.","row.delete":"Delete: {title}","row.details":"Details","row.kept":"Kept","outcome.understood":"Understood","outcome.not_understood":"Not understood","outcome.not_intended":"Not intended","outcome.failed":"Failed","outcome.cancelled":"Cancelled","outcome.elsewhere":"Answered elsewhere","outcome.recorded":"Recorded","label.mistake":"Mistake","label.correct":"Correct","label.set.mistake":"It woke by mistake","label.set.correct":"It was meant","details.heard":"Heard","details.why":"Why it woke","details.score":"{word} scored {score}; {limit} was needed.","details.speech_end_ms":"Speech ended after","details.transcript_ms":"Text after","details.reply_ms":"Reply after","details.intent":"Action","details.error":"Problem","details.keep":"Keep","details.download":"Download","wave.label":"Position","wave.position":"{at} of {of}","filter.text":"Search what was said","filter.more":"Filter","filter.period":"Period","filter.first":"From","filter.last":"Until","filter.satellite":"Microphone","filter.any_satellite":"All microphones","filter.wake_word":"Wake word","filter.any_wake_word":"All wake words","filter.mark":"Mark","filter.any_mark":"Marked or not","filter.outcome":"Outcome","filter.all":"All","filter.clear":"Clear filters","period.all":"All time","period.custom":"Choose days…","period.last_hour":"Last hour","period.today":"Today","period.yesterday":"Yesterday","period.this_week":"This week","period.last_7_days":"Last 7 days","period.this_month":"This month","period.last_30_days":"Last 30 days","select.begin":"Select","select.end":"End selection","select.toolbar":"Selected recordings","select.count":"{n} selected","select.all":"Select all {n} that match","delete.open":"Delete…","delete.title":"Delete recordings","delete.only":"Only these","delete.what":"What goes","what.all":"Audio and text","what.audio":"Audio only, the text stays","what.text":"Text only, the audio stays","delete.include_kept":"Also those that are kept","delete.counting":"Counting…","delete.none":"There is nothing to delete.","delete.summary":{one:"{n} recording of {newest}, {length}, {size}.",other:"{n} recordings from {oldest} to {newest}, {length}, {size}."},"delete.kept":{one:"{n} that is kept stays.",other:"{n} that are kept stay."},"delete.next":"Delete {n}…","delete.question":{one:"Delete {n} recording?",other:"Delete {n} recordings?"},"delete.cost.all":"Audio and text are wiped from this bridge. This cannot be undone.","delete.cost.audio":"The audio is wiped from this bridge; the text stays. This cannot be undone.","delete.cost.text":"Text and reply are wiped from this bridge; the audio stays. This cannot be undone.","delete.cost.tune":"They can no longer be used to find out why the assistant woke, or to improve wake words.","delete.in_progress":{one:"{n} that is being recorded right now is dropped.",other:"{n} that are being recorded right now are dropped."},"delete.working":"Deleting…","delete.do":"Delete {n}","delete.again":"This has changed, and is counted anew. Nothing was deleted.","receipt.title":{one:"{n} recording deleted",other:"{n} recordings deleted"},"receipt.size":"{length} of audio, {size}.","receipt.discarded":{one:"{n} that was being recorded was dropped.",other:"{n} that were being recorded were dropped."},"receipt.failed":"{n} could not be deleted; the log of the bridge says why.","receipt.remains":"Elsewhere remains:","receipt.id":"Receipt","error.offline":"The bridge cannot be reached.","error.timeout":"The bridge does not answer.","error.unauthorized":"You may not do that. An administrator may.","page.history":"History","page.microphones":"Microphones","page.privacy":"Privacy","page.access":"Access log","page.sign_out":"Sign out","page.signed_in":"Signed in as {name}","page.sections":"Sections","hass.title":"Voice history","hass.all":"All recordings","hass.bridge":"Bridge","hass.none":"No bridge is set up. Add Earshot under Devices & services.","hass.none_for_you":"You may not see the voice history. Who looks after Home Assistant can change that.","pair.code":"“{name}” wants to use this bridge. If that is you, type this code there: {code}","sign.title":"Sign in","sign.why":"Your recordings are private: only this household may see them.","sign.home_assistant":"Sign in with Home Assistant","sign.code":"Sign in with a code","sign.code_why":"A code of eight digits is written to the log of the bridge.","sign.code_request":"Write a code to the log","sign.code_field":"Code from the log","sign.token":"Sign in with an access token","sign.token_field":"Access token","sign.do":"Sign in","sign.wrong":"That was not right. Try again, or ask for a new one.","sign.busy":"Too many attempts. Wait a minute.","sign.refused":"Home Assistant did not let you in, or you may not see this.","sign.failed":"That did not work. The log of the bridge says why.","sign.expired":"That took too long. Try again.","mic.none":"No microphone is configured.","mic.state.opening":"Opening…","mic.state.listening":"Listening","mic.state.muted":"Muted","mic.state.lost":"Not hearing","mic.state.ended":"Ended","mic.doing.processing":"Processing","mic.doing.responding":"Answering","mic.doing.listening":"Hearing a command","mic.level":"Level","mic.dbfs":"{n} dBFS","mic.mute":"Mute","mic.unmute":"Unmute","mic.device":"Device","mic.last_heard":"Last woke","mic.dropped":{one:"{n} piece of sound was lost",other:"{n} pieces of sound were lost"},"mic.never":"never","mic.active":"Listen for “{word}”","mic.threshold":"Probability cutoff of “{word}”","mic.threshold_help":"Higher: fewer mistakes. Lower: hears you from further away.","mic.test":"Test","mic.testing":"Say “{word}” now. Nothing is recorded.","mic.test_stop":"Stop","mic.test_heard":"Heard: {word}, {score}.","mic.test_best":"Not heard. The best was {score}; {limit} is needed.","mic.curve":"Scores of the last seconds","privacy.title":"Manage how your data is used","privacy.saved":"What is saved","privacy.save.audio+text":"Audio and text","privacy.save.audio+text_why":"You can listen to what was recorded, see why the assistant woke, and delete it.","privacy.save.text":"Text only","privacy.save.text_why":"You see what was understood, but cannot listen to it.","privacy.save.nothing":"Nothing","privacy.save.nothing_why":"You cannot find out afterwards why the assistant woke or did something. What is stored already stays until you delete it.","privacy.keep":"How long","privacy.understood":"Commands","privacy.not_intended":"Not intended","privacy.failed":"Failed","privacy.age.never":"Until I delete it","privacy.age.18m":"18 months","privacy.age.3m":"3 months","privacy.age.30d":"30 days","privacy.age.7d":"7 days","privacy.age.24h":"24 hours","privacy.due":{one:"On {at}, {n} recording is deleted because it is too old or too much.",other:"On {at}, {n} recordings are deleted because they are too old or too much."},"privacy.run":"Delete these now","privacy.limit_size":"At most, MB of audio","privacy.limit_entries":"At most, recordings","privacy.no_limit":"0 means no limit. The oldest go first.","privacy.improve":"Help improve the wake words","privacy.improve_why":"Recordings that you mark as mistake or as correct are kept beyond their usual age, as examples for your wake words. They stay on this machine, and leave it only in a copy that you take yourself. Switching this off, or deleting a recording, ends that.","privacy.export":"Take a copy","privacy.export_why":"A ZIP archive with every recording and its text.","privacy.export_do":"Download everything","privacy.saved_now":"Saved","access.none":"Nobody has done anything yet.","access.at":"When","access.who":"Who","access.action":"What","access.entries":"Recordings","access.played":"Played","access.exported":"Exported","access.deleted":"Deleted","access.changed":"Changed","access.more":"Older ones"},ls={de:async()=>(await ns(async()=>{const{de:r}=await Promise.resolve().then(()=>Js);return{de:r}},void 0)).de};class Y{constructor(e="en",t=as){this.locale=e,this.catalogue=t,this.#e=new Intl.PluralRules(e),this.#t=new Intl.NumberFormat(e)}#e;#t;static async load(e){for(const t of e){const i=t.split("-")[0].toLowerCase();if(i==="en")return new Y(t);const s=ls[i];if(s)return new Y(t,await s())}return new Y}t(e,t={}){const i=this.catalogue[e];return(typeof i=="string"?i:this.#e.select(Number(t.n))==="one"?i.one:i.other).replace(/\{(\w+)\}/g,(o,n)=>{const l=t[n]??"";return typeof l=="number"?this.#t.format(l):l})}}var ds=Object.defineProperty,He=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&ds(e,t,s),s};class me extends y{#e;#t="";set hass(e){const t=this.#e;this.#e=e,!(t&&Ce(t)===Ce(e)&&t.themes?.darkMode===e.themes?.darkMode&&t.connection===e.connection)&&(this.style.colorScheme=e.themes?.darkMode?"dark":"light",Y.load([Ce(e)]).then(i=>this.words=i),(!t||t.connection!==e.connection)&&this.#s())}get hass(){return this.#e}connectedCallback(){super.connectedCallback(),this.bridges&&this.choose(this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.transport?.close(),this.transport=void 0}choose(e){this.#t=e;const t=this.bridges?.find(i=>i.id===e)??this.bridges?.[0];!t||!this.isConnected||this.transport?.bridge===t.id||(this.transport?.close(),this.transport=new is(this.hass,t.id),this.transport.watch(()=>this.requestUpdate()),this.transport.open())}async#s(){try{this.bridges=(await this.hass.callWS({type:"earshot/bridges"})).bridges}catch{this.bridges=[]}this.choose(this.#t)}instead(){const{words:e}=this;if(!e||!this.bridges)return a``;if(this.transport?.link==="refused"||this.bridges.length===0&&!this.hass.user?.is_admin)return a`<p>${e.t("hass.none_for_you")}</p>`;if(!this.transport)return a`<p>${e.t("hass.none")}</p>`}}He([m()],me.prototype,"bridges");He([m()],me.prototype,"transport");He([m()],me.prototype,"words");const cs={CHILD:2},hs=r=>(...e)=>({_$litDirective$:r,values:e});let ps=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,i){this._$Ct=e,this._$AM=t,this._$Ci=i}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}};const{I:us}=Yt,tt=r=>r,st=()=>document.createComment(""),ne=(r,e,t)=>{const i=r._$AA.parentNode,s=e===void 0?r._$AB:e._$AA;if(t===void 0){const o=i.insertBefore(st(),s),n=i.insertBefore(st(),s);t=new us(o,n,r,r.options)}else{const o=t._$AB.nextSibling,n=t._$AM,l=n!==r;if(l){let d;t._$AQ?.(r),t._$AM=r,t._$AP!==void 0&&(d=r._$AU)!==n._$AU&&t._$AP(d)}if(o!==s||l){let d=t._$AA;for(;d!==o;){const f=tt(d).nextSibling;tt(i).insertBefore(d,s),d=f}}}return t},I=(r,e,t=r)=>(r._$AI(e,t),r),ms={},fs=(r,e=ms)=>r._$AH=e,gs=r=>r._$AH,Me=r=>{r._$AR(),r._$AA.remove()};const it=(r,e,t)=>{const i=new Map;for(let s=e;s<=t;s++)i.set(r[s],s);return i},At=hs(class extends ps{constructor(r){if(super(r),r.type!==cs.CHILD)throw Error("repeat() can only be used in text expressions")}dt(r,e,t){let i;t===void 0?t=e:e!==void 0&&(i=e);const s=[],o=[];let n=0;for(const l of r)s[n]=i?i(l,n):n,o[n]=t(l,n),n++;return{values:o,keys:s}}render(r,e,t){return this.dt(r,e,t).values}update(r,[e,t,i]){const s=gs(r),{values:o,keys:n}=this.dt(e,t,i);if(!Array.isArray(s))return this.ut=n,o;const l=this.ut??=[],d=[];let f,p,h=0,g=s.length-1,u=0,w=o.length-1;for(;h<=g&&u<=w;)if(s[h]===null)h++;else if(s[g]===null)g--;else if(l[h]===n[u])d[u]=I(s[h],o[u]),h++,u++;else if(l[g]===n[w])d[w]=I(s[g],o[w]),g--,w--;else if(l[h]===n[w])d[w]=I(s[h],o[w]),ne(r,d[w+1],s[h]),h++,w--;else if(l[g]===n[u])d[u]=I(s[g],o[u]),ne(r,s[h],s[g]),g--,u++;else if(f===void 0&&(f=it(n,u,w),p=it(l,h,g)),f.has(l[h]))if(f.has(l[g])){const _=p.get(n[u]),j=_!==void 0?s[_]:null;if(j===null){const re=ne(r,s[h]);I(re,o[u]),d[u]=re}else d[u]=I(j,o[u]),ne(r,s[h],j),s[_]=null;u++}else Me(s[g]),g--;else Me(s[h]),h++;for(;u<=w;){const _=ne(r,d[w+1]);I(_,o[u]),d[u++]=_}for(;h<=g;){const _=s[h++];_!==null&&Me(_)}return this.ut=n,fs(r,d),V}});function Q(r,e){const t=e/1e3;return t<60?O(r,t,"s",t<10?1:0):t<3600?`${O(r,Math.floor(t/60),"min")} ${O(r,Math.floor(t%60),"s")}`:`${O(r,Math.floor(t/3600),"h")} ${O(r,Math.floor(t%3600/60),"min")}`}function rt(r,e){return e<1e6?O(r,Math.ceil(e/1e3),"kB"):e<1e9?O(r,e/1e6,"MB",1):O(r,e/1e9,"GB",1)}function O(r,e,t,i=0){return`${new Intl.NumberFormat(r.locale,{minimumFractionDigits:i,maximumFractionDigits:i}).format(e)} ${t}`}function U(r,e){return new Intl.NumberFormat(r.locale,{style:"percent"}).format(e)}function Le(r){return r.split("_").filter(Boolean).map(e=>e[0].toUpperCase()+e.slice(1)).join(" ")}class X{constructor(e,t){this.words=e,this.timeZone=t,this.#e=this.#r({timeStyle:"short"}),this.#t=this.#r({dateStyle:"medium",timeStyle:"medium"}),this.#s=this.#r({dateStyle:"medium",timeStyle:"short"}),this.#i=this.#r({year:"numeric",month:"2-digit",day:"2-digit"},"en-CA")}#e;#t;#s;#i;time(e){return this.#e.format(new Date(e))}dateTime(e,t=!1){return(t?this.#t:this.#s).format(new Date(e))}day(e){return this.#i.format(new Date(e))}dayName(e,t=new Date){const i=this.day(t);if(e===i)return this.words.t("day.today");const s=new Date(`${i}T12:00:00Z`);return s.setUTCDate(s.getUTCDate()-1),e===s.toISOString().slice(0,10)?this.words.t("day.yesterday"):new Date(`${e}T12:00:00Z`).toLocaleDateString(this.words.locale,{weekday:"long",day:"numeric",month:"long",year:e.slice(0,4)===i.slice(0,4)?void 0:"numeric",timeZone:"UTC"})}midnight(e,t=!1){const i=new Date(`${e}T00:00:00Z`);t&&i.setUTCDate(i.getUTCDate()+1);const s=i.toISOString().slice(0,10);let o=i.getTime()-15*36e5,n=i.getTime()+15*36e5;for(;n-o>6e4;){const l=Math.floor((o+n)/12e4)*6e4;if(l<=o)break;this.day(new Date(l))<s?o=l:n=l}return new Date(n).toISOString()}#r(e,t=this.words.locale){try{return new Intl.DateTimeFormat(t,{...e,timeZone:this.timeZone||void 0})}catch{return new Intl.DateTimeFormat(t,e)}}}const ot=50,bs=500;class ws extends EventTarget{constructor(e,t=()=>!1){super(),this.transport=e,this.hold=t,this.filter={},this.status="loading",this.entries=[],this.waiting=[],this.counts={},this.selected=new Set,this.allSelected=!1,this.#e=null,this.#t=-1/0,this.#s=1/0,this.#i=0,this.#r=!1}#e;#t;#s;#i;#r;#o;#n;#a;#d;start(){this.#a=this.transport.watch(()=>{this.#u()}),this.#u()}stop(){this.#a?.(),this.#n?.(),this.#n=void 0,clearTimeout(this.#d),this.#i++}get more(){return this.#e!==null}setFilter(e){this.filter=e,this.entries=[],this.waiting=[],this.total=void 0,this.select([]),this.reload()}async reload(){const e=++this.#i,t=Math.max(this.entries.length,ot);this.#o=[],this.#r=!0,this.entries.length||(this.status="loading"),this.#l();try{let i=await this.#m(null),s=i.entries;for(;s.length<t&&i.next_cursor&&e===this.#i;)i=await this.#m(i.next_cursor),s=s.concat(i.entries);if(e!==this.#i)return;this.entries=s,this.waiting=[],this.#e=i.next_cursor,this.#t=i.from?Date.parse(i.from):-1/0,this.#s=i.to&&this.filter.to?Date.parse(i.to):1/0,i.to&&["yesterday","last_week","last_month"].includes(this.filter.period??"")&&(this.#s=Date.parse(i.to)),this.status="ready",this.problem=void 0;const o=this.#o;this.#o=void 0;for(const n of o)this.#f(n);this.select([...this.selected].filter(n=>s.some(l=>l.id===n)))}catch(i){if(e!==this.#i)return;if(this.#o=void 0,!(i instanceof T))throw i;if(i.code==="offline")return;this.status="failed",this.problem=i}finally{e===this.#i&&(this.#r=!1)}this.#l(),this.#c()}async loadMore(){if(this.#r||this.#e===null)return;const e=this.#i;this.#r=!0;try{const t=await this.#m(this.#e);if(e!==this.#i)return;const i=new Set(this.entries.map(s=>s.id));this.entries=[...this.entries,...t.entries.filter(s=>!i.has(s.id))],this.#e=t.next_cursor,this.#l()}catch(t){if(!(t instanceof T))throw t;e===this.#i&&t.code!=="offline"&&await this.reload()}finally{e===this.#i&&(this.#r=!1)}}showNew(){const e=this.waiting;this.waiting=[];for(const t of e)this.#g(t);this.#l()}select(e){this.selected=new Set(e),this.allSelected=!1,this.#l()}toggle(e,t=!this.selected.has(e)){const i=new Set(this.allSelected?this.entries.map(s=>s.id):this.selected);t?i.add(e):i.delete(e),this.select(i)}selectAll(){this.selected=new Set(this.entries.map(e=>e.id)),this.allSelected=!0,this.#l()}isSelected(e){return this.allSelected||this.selected.has(e)}get selectedCount(){return this.allSelected?this.total??this.entries.length:this.selected.size}selector(){return this.allSelected?Object.keys(this.filter).length?{...this.filter}:{period:"all"}:{ids:[...this.selected]}}async#u(){if(this.transport.link!=="ready"){this.#n=void 0,this.#l();return}try{this.#n=await this.transport.subscribe("history/subscribe",{},e=>{this.#o?this.#o.push(e):this.#f(e)})}catch{return}await this.reload()}#m(e){return this.transport.call("history/list",{...this.filter,limit:ot,...e?{cursor:e}:{}})}async#c(){const e=this.#i,{outcome:t,outcomes:i,...s}=this.filter;try{const o=await this.transport.call("history/stats",s);if(e!==this.#i)return;this.counts={};for(const l of o.by)this.counts[l.outcome]=(this.counts[l.outcome]??0)+l.entries;const n=t?[t]:i;this.total=n?n.reduce((l,d)=>l+(this.counts[d]??0),0):o.entries,this.#l()}catch{}}#f(e){if(e.action==="reset"||e.action==="updated"&&!e.entries){this.reload();return}e.action==="deleted"&&this.#h(new Set(e.ids));for(const t of e.entries??[]){const i=this.entries.some(s=>s.id===t.id);if(!this.#p(t))this.#h(new Set([t.id]));else if(i)this.entries=this.entries.map(s=>s.id===t.id?t:s);else{if(this.#b(t))continue;this.hold()?this.waiting=[t,...this.waiting.filter(s=>s.id!==t.id)]:this.#g(t)}}clearTimeout(this.#d),this.#d=setTimeout(()=>{this.#c()},bs),this.#l()}#h(e){this.entries=this.entries.filter(t=>!e.has(t.id)),this.waiting=this.waiting.filter(t=>!e.has(t.id)),[...e].some(t=>this.selected.has(t))&&(this.selected=new Set([...this.selected].filter(t=>!e.has(t))),this.selected.size||(this.allSelected=!1))}#g(e){const t=this.entries.findIndex(i=>nt(i,e));this.entries=this.entries.toSpliced(t<0?this.entries.length:t,0,e)}#b(e){const t=this.entries.at(-1);return this.#e!==null&&t!==void 0&&nt(e,t)}#p(e){const t=this.filter,i=Date.parse(e.at),s=t.text?.toLowerCase();return i>=this.#t&&i<this.#s&&(t.satellite===void 0||t.satellite===e.satellite)&&(t.outcome===void 0||t.outcome===e.outcome)&&(t.outcomes===void 0||t.outcomes.includes(e.outcome))&&(t.wake_word===void 0||t.wake_word===e.wake_word)&&(t.label===void 0||t.label===e.label)&&(t.kept===void 0||t.kept===e.kept)&&(s===void 0||e.transcript.toLowerCase().includes(s)||e.reply.toLowerCase().includes(s))}#l(){this.dispatchEvent(new Event("change"))}}function nt(r,e){const[t,i]=[Date.parse(r.at),Date.parse(e.at)];return t<i||t===i&&r.id<e.id}function S(r,e){if(!(e instanceof T))throw e;switch(e.code){case"offline":return r.t("error.offline");case"timeout":return r.t("error.timeout");case"unauthorized":return r.t("error.unauthorized");default:return e.message}}const $s={play:"M8 5.5v13l10.5-6.5z",pause:"M8.5 5.5v13M15.5 5.5v13",delete:"M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v6M13.5 10.5v6",more:"M6 9.5l6 6 6-6",less:"M6 14.5l6-6 6 6",keep:"M7.5 11V8a4.5 4.5 0 0 1 9 0v3M6 11h12v9H6z",download:"M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19.5h14",close:"M6 6l12 12M18 6L6 18",search:"M15.5 15.5L20 20M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13z",filter:"M4 6.5h16M7 12h10M10 17.5h4",up:"M12 19V5.5M6 11l6-6 6 6",microphone:"M12 14.5a3 3 0 0 1-3-3v-5a3 3 0 0 1 6 0v5a3 3 0 0 1-3 3zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3.5",muted:"M9 9v2.5a3 3 0 0 0 4.5 2.6M15 11V6.5a3 3 0 0 0-5.7-1.3M6.5 11.5a5.5 5.5 0 0 0 8.6 4.5M12 17v3.5M4 4l16 16",understood:"M5 12.5l4.5 4.5L19 7.5",not_understood:"M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1M12 17.7v.3",not_intended:"M12 19.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM6.7 6.7l10.6 10.6",failed:"M12 4.5l8.5 15h-17zM12 10v4.5M12 17v.3",cancelled:"M12 19.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM9.5 9.5l5 5M14.5 9.5l-5 5",elsewhere:"M5 12h13M13 6.5l5.5 5.5-5.5 5.5",recorded:"M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10z",history:"M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9M4.5 4.5V9H9M12 8v4.5l3 2",list:"M5 7h14M5 12h14M5 17h9",shield:"M12 4l6.5 2.5v5c0 4-2.7 7-6.5 8.5-3.8-1.5-6.5-4.5-6.5-8.5v-5z",leave:"M13 5H6v14h7M10.5 12H20M16.5 8.5L20 12l-3.5 3.5",mistake:"M7 4h9.5l2 7v3h-5.5l1 5.5L9.5 14H7zM4.5 4v10",correct:"M7 20h9.5l2-7v-3h-5.5l1-5.5L9.5 10H7zM4.5 20V10"},ys=["play","recorded"];function $(r){return a`<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2"
stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${kt`<path d=${$s[r]} fill=${ys.includes(r)?"currentColor":"none"} />`}</svg>`}class St extends EventTarget{constructor(e){super(),this.transport=e,this.current="",this.playing=!1,this.failed="",this.#e=new Audio,this.#t=0,this.#s=0,this.#n=()=>{this.dispatchEvent(new Event("progress")),this.#t=requestAnimationFrame(this.#n)},this.#e.preload="none",this.#e.addEventListener("play",()=>this.#o(!0)),this.#e.addEventListener("pause",()=>this.#o(!1)),this.#e.addEventListener("ended",()=>{this.#e.currentTime=0,this.#o(!1)}),this.#e.addEventListener("loadedmetadata",()=>{this.#s>0&&(this.#e.currentTime=this.#s*this.#e.duration)}),this.#e.addEventListener("error",()=>this.#r())}#e;#t;#s;get position(){return this.#e.duration>0?this.#e.currentTime/this.#e.duration:this.#s}async toggle(e){e===this.current&&this.playing?this.#e.pause():e===this.current&&!this.failed?await this.#e.play().catch(()=>this.#r()):await this.#i(e,0)}async seek(e,t){if(e!==this.current||this.failed){await this.#i(e,t);return}this.#e.duration>0?this.#e.currentTime=t*this.#e.duration:this.#s=t,this.dispatchEvent(new Event("progress"))}stop(){this.current&&(this.current="",this.#e.removeAttribute("src"),this.#e.load(),this.#o(!1))}async#i(e,t){this.#e.pause(),this.current=e,this.failed="",this.#s=t,this.#a();try{const{url:i}=await this.transport.call("clips/sign",{entry_id:e});if(this.current!==e)return;this.#e.src=this.transport.url(i),await this.#e.play()}catch(i){this.current===e&&(i instanceof T||i.name!=="AbortError")&&this.#r()}}#r(){!this.current||!this.#e.hasAttribute("src")&&this.playing||(this.failed=this.current,this.#o(!1))}#o(e){this.playing=e,cancelAnimationFrame(this.#t),e&&this.#n(),this.#a()}#n;#a(){this.dispatchEvent(new Event("change"))}}const ue=r=>r!=="read",H=r=>r==="admin";function Re(r,e){return r.find(t=>t.id===e)?.name??e}var vs=Object.defineProperty,te=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&vs(e,t,s),s};const Ee=.05,at=new ResizeObserver(r=>r.forEach(e=>e.target.draw()));class F extends y{constructor(){super(...arguments),this.peaks="",this.duration=0,this.wake=0,this.position=0,this.seekable=!1,this.#e=new Uint8Array,this.draw=()=>{const e=this.renderRoot.querySelector("canvas"),t=e?.getContext("2d"),i=window.devicePixelRatio||1,s=Math.round(this.clientWidth*i),o=Math.round(this.clientHeight*i);if(!e||!t||!s||!o)return;e.width!==s&&(e.width=s),e.height!==o&&(e.height=o),t.clearRect(0,0,s,o);const{color:n,caretColor:l,columnRuleColor:d,textDecorationColor:f}=getComputedStyle(this),p=Math.max(1,Math.min(this.#e.length,Math.floor(s/(4*i)))),h=s/p,g=this.duration>0?this.wake/this.duration:0;for(let u=0;u<p;u++){const w=Math.floor(u*this.#e.length/p),_=Math.max(w+1,Math.floor((u+1)*this.#e.length/p));let j=0;for(let Ae=w;Ae<_;Ae++)j=Math.max(j,this.#e[Ae]??0);const re=Math.max(j/255*o,2*i);t.fillStyle=u/p<this.position?l:u/p<g?d:n,t.fillRect(u*h,(o-re)/2,Math.max(h*.6,1),re)}g>0&&g<1&&(t.fillStyle=f,t.fillRect(g*s-i,0,2*i,o))},this.#t=e=>{const t=this.getBoundingClientRect();this.#i((e.clientX-t.left)/t.width)},this.#s=e=>{const t={ArrowLeft:this.position-Ee,ArrowRight:this.position+Ee,Home:0,End:1-Ee}[e.key];t===void 0||!this.seekable||(e.preventDefault(),e.stopPropagation(),this.#i(t))}}#e;static{this.styles=v`
:host {
display: block;
block-size: 36px;
cursor: pointer;
border-radius: 4px;
/* Names for colours: a canvas cannot resolve variables, but these have been when they are read. */
color: var(--muted);
caret-color: var(--accent);
column-rule-color: color-mix(in srgb, var(--muted) 50%, var(--surface));
text-decoration-color: var(--warn);
touch-action: pan-y;
}
canvas {
display: block;
inline-size: 100%;
block-size: 100%;
}
`}connectedCallback(){super.connectedCallback(),at.observe(this),this.addEventListener("click",this.#t),this.addEventListener("keydown",this.#s),lt.addEventListener("change",this.draw)}disconnectedCallback(){super.disconnectedCallback(),at.unobserve(this),lt.removeEventListener("change",this.draw)}willUpdate(e){e.has("peaks")&&(this.#e=Uint8Array.from(atob(this.peaks),t=>t.charCodeAt(0))),this.seekable&&(this.role="slider",this.tabIndex=0,this.ariaLabel=this.words.t("wave.label"),this.ariaValueMin="0",this.ariaValueMax="100",this.ariaValueNow=String(Math.round(this.position*100)),this.ariaValueText=this.words.t("wave.position",{at:Q(this.words,this.position*this.duration),of:Q(this.words,this.duration)}))}render(){return a`<canvas part="canvas"></canvas>`}updated(){this.draw()}#t;#s;#i(e){this.seekable&&this.dispatchEvent(new CustomEvent("seek",{detail:Math.min(Math.max(e,0),1)}))}}te([b()],F.prototype,"peaks");te([b({type:Number})],F.prototype,"duration");te([b({type:Number})],F.prototype,"wake");te([b({type:Number})],F.prototype,"position");te([b({attribute:!1})],F.prototype,"words");te([b({type:Boolean})],F.prototype,"seekable");const lt=matchMedia("(prefers-color-scheme: dark)");A("earshot-waveform",F);const ks=2e3;function Ct(r,e){return r.transcript?e.t("row.said",{text:r.transcript}):e.t(r.outcome==="not_intended"?"row.not_intended":"row.no_text")}function _s(r,e){const{words:t,clock:i,store:s,player:o}=e,n=t.t.bind(t),l=o.current===r.id,d=l&&o.playing,f=e.open===r.id,p=s.isSelected(r.id),h=Ct(r,t);return a`
<div class="row ${p?"selected":""}" role="listitem" data-id=${r.id} tabindex=${e.active===r.id?0:-1}
aria-label=${`${i.time(r.at)}, ${h}`}>
${H(e.role)?a`<input type="checkbox" class="select" data-do="select" .checked=${p} aria-label=${n("row.select",{title:h})} />`:c}
${ue(e.role)?a`<button class="icon play" data-do="play" ?disabled=${!r.clip||!e.online&&!l}
title=${r.clip?"":n("row.no_audio")} aria-label=${n(r.clip?d?"row.pause":"row.play":"row.no_audio")}>
${$(d?"pause":"play")}</button>`:c}
<div class="body">
<p class="title ${r.transcript?"":"muted"}">${h}</p>
<p class="meta">
<span class="outcome ${r.outcome}">${$(r.outcome)}${n(`outcome.${r.outcome}`)}</span>
<time datetime=${r.at} title=${i.dateTime(r.at,!0)}>${i.time(r.at)}</time>
<span>${Re(e.satellites,r.satellite)}</span>
${r.wake_word?a`<span>${Le(r.wake_word)} ${U(t,r.score)}</span>`:c}
<span>${Q(t,r.duration_ms)}</span>
${r.kept?a`<span class="flag">${$("keep")}${n("row.kept")}</span>`:c}
${r.label?a`<span class="flag">${$(r.label)}${n(`label.${r.label}`)}</span>`:c}
</p>
${r.reply?a`<p class="reply">${r.reply}</p>`:c}
${r.clip&&r.peaks?a`<earshot-waveform .peaks=${r.peaks} .duration=${r.duration_ms} .wake=${Math.min(ks,r.duration_ms)}
.position=${l?o.position:0} .words=${t} .seekable=${ue(e.role)&&e.online}></earshot-waveform>`:c}
${o.failed===r.id?a`<p class="bad" role="alert">${n("row.play_failed")}</p>`:c}
</div>
<div class="actions">
${H(e.role)?a`<button class="icon" data-do="delete" ?disabled=${!e.online} aria-label=${n("row.delete",{title:h})}>${$("delete")}</button>`:c}
<button class="icon" data-do="details" aria-expanded=${f} aria-label=${n("row.details")}>${$(f?"less":"more")}</button>
</div>
${f?xs(r,e):c}
</div>
`}function xs(r,e){const{words:t,clock:i}=e,s=t.t.bind(t),o=["speech_end_ms","transcript_ms","reply_ms"].filter(n=>r.timings[n]!==null);return a`
<div class="details">
<dl>
<dt>${s("details.heard")}</dt>
<dd>${i.dateTime(r.at,!0)}${r.area?` · ${r.area}`:""}</dd>
${r.wake_word?a`<dt>${s("details.why")}</dt>
<dd>${s("details.score",{word:Le(r.wake_word),score:U(t,r.score),limit:U(t,r.threshold)})}
${As(r)}</dd>`:c}
${o.map(n=>a`<dt>${s(`details.${n}`)}</dt><dd>${Q(t,r.timings[n])}</dd>`)}
${r.intent?a`<dt>${s("details.intent")}</dt><dd>${r.intent}</dd>`:c}
${r.error?a`<dt>${s("details.error")}</dt><dd class="bad">${r.error.message||r.error.code}</dd>`:c}
</dl>
<div class="bar">
${H(e.role)?a`
${["correct","mistake"].map(n=>a`<button data-do=${n} aria-pressed=${r.label===n} ?disabled=${!e.online}>${$(n)}${s(`label.set.${n}`)}</button>`)}
<button data-do="keep" aria-pressed=${r.kept} ?disabled=${!e.online}>${$("keep")}${s("details.keep")}</button>`:c}
${ue(e.role)&&r.clip?a`<button data-do="download" ?disabled=${!e.online}>${$("download")}${s("details.download")}</button>`:c}
</div>
</div>
`}function As(r){const e=t=>1+Math.min(Math.max(t,0),1)*158;return a`<svg class="score" viewBox="0 0 160 12" width="160" height="12" aria-hidden="true">
<rect class="all" x="0" y="3" width="160" height="6" rx="3" />
<rect class="part" x="0" y="3" width=${e(r.score)} height="6" rx="3" />
<path class="limit" d=${`M${e(r.threshold)} 0v12`} />
</svg>`}const Mt=r=>({rootMargin:r,scrollMargin:r});var Ss=Object.defineProperty,_e=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Ss(e,t,s),s};const Cs=112,Ms="1000px",dt=new IntersectionObserver(r=>r.forEach(e=>e.target.setNear(e.isIntersecting,e.boundingClientRect.height)),Mt(Ms));class fe extends y{constructor(){super(...arguments),this.entries=[],this.first=!1,this.near=!1}connectedCallback(){super.connectedCallback(),this.style.display="block",dt.observe(this)}disconnectedCallback(){super.disconnectedCallback(),dt.unobserve(this)}willUpdate(){this.hasUpdated||(this.near=this.first)}setNear(e,t){this.near&&!e&&t>0&&(this.style.blockSize=`${t}px`),this.near=e}createRenderRoot(){return this}shouldUpdate(){return this.near||this.childElementCount>0||!this.hasUpdated||!this.style.blockSize}render(){return this.near?(this.style.blockSize="",this.role="list",a`${At(this.entries,e=>e.id,e=>_s(e,this.view))}`):(this.style.blockSize||(this.style.blockSize=`${this.entries.length*Cs}px`),this.role=null,c)}}_e([b({attribute:!1})],fe.prototype,"entries");_e([b({attribute:!1})],fe.prototype,"view");_e([b({type:Boolean})],fe.prototype,"first");_e([m()],fe.prototype,"near");const Es=v`
.row {
display: grid;
grid-template-columns: auto auto minmax(0, 1fr) auto;
align-items: start;
gap: 0.25rem 0.5rem;
padding: 0.5rem;
border-block-end: 1px solid var(--line);
border-radius: 0.4rem;
}
.row:focus-visible {
outline-offset: -2px;
}
.row.selected {
background: var(--raised);
}
.row > .select {
margin: 10px 4px;
}
.row > .body {
grid-column: 3;
display: grid;
gap: 0.2rem;
padding-block: 0.4rem;
}
.row > .actions {
grid-column: 4;
display: flex;
}
.row .play {
color: var(--accent);
}
.title {
overflow-wrap: anywhere;
font-weight: 500;
}
.meta {
display: flex;
flex-wrap: wrap;
gap: 0.1rem 0.8rem;
color: var(--muted);
font-size: 0.875rem;
}
.meta span {
display: inline-flex;
align-items: center;
gap: 0.25rem;
}
.meta svg {
inline-size: 16px;
block-size: 16px;
flex: none;
}
.outcome.understood {
color: var(--good);
}
.outcome.not_understood, .outcome.not_intended {
color: var(--warn);
}
.outcome.failed {
color: var(--bad);
}
.reply {
overflow-wrap: anywhere;
color: var(--muted);
}
.details {
grid-column: 1 / -1;
display: grid;
gap: 0.6rem;
padding: 0.4rem 0.5rem 0.6rem;
}
.details dl {
display: grid;
grid-template-columns: auto minmax(0, 1fr);
gap: 0.2rem 1rem;
font-size: 0.9rem;
}
.details dt {
color: var(--muted);
}
.score {
display: block;
}
.score .all {
fill: var(--line);
}
.score .part {
fill: var(--accent);
}
.score .limit {
stroke: var(--text);
stroke-width: 2;
}
@media (max-width: 599px) {
.row {
padding-inline: 0;
}
.row > .select {
display: none;
}
.selecting .row > .select {
display: block;
}
.row .actions {
flex-direction: column;
}
}
`;A("earshot-rows",fe);const zs=["understood","not_understood","not_intended","failed","cancelled","elsewhere","recorded"];var Ts=Object.defineProperty,D=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Ts(e,t,s),s};const Ps=250,Et=["last_hour","today","yesterday","this_week","last_7_days","this_month","last_30_days"];class E extends y{constructor(){super(...arguments),this.filter={},this.satellites=[],this.counts={},this.expanded=!1,this.custom=!1,this.first="",this.last="",this.#s=e=>{clearTimeout(this.#e);const t=e.target.value.trim();this.#e=setTimeout(()=>this.#a({text:t||void 0}),Ps)},this.#i=e=>{const t=e.target.value;this.custom=t==="custom",this.custom||this.#a({period:t||void 0,from:void 0,to:void 0})},this.#r=e=>{const t=e.target;t.dataset.end==="first"?this.first=t.value:this.last=t.value,this.#a({period:void 0,from:this.first?this.clock.midnight(this.first):void 0,to:this.last?this.clock.midnight(this.last,!0):void 0})},this.#o=e=>{const t=e.target;this.#a({[t.dataset.key]:t.value||void 0})},this.#n=e=>{const t=e.target.value;this.#a({kept:t==="kept"||void 0,label:t==="mistake"||t==="correct"?t:void 0})}}#e;static{this.styles=[M,P,v`
:host {
display: grid;
gap: 0.5rem;
}
.search {
position: relative;
flex: 1 1 14rem;
}
.search svg {
position: absolute;
inset-inline-start: 0.6rem;
inset-block-start: 10px;
color: var(--muted);
}
.search input {
inline-size: 100%;
padding-inline-start: 2.2rem;
}
.chips {
display: flex;
gap: 0.4rem;
overflow-x: auto;
padding: 3px;
scrollbar-width: thin;
}
.chips button {
min-block-size: 34px;
border-radius: 17px;
white-space: nowrap;
flex: none;
}
.chips svg {
inline-size: 16px;
block-size: 16px;
}
.toggle {
display: none;
}
@media (max-width: 599px) {
.toggle {
display: inline-flex;
}
.fields {
display: none;
}
.fields.expanded {
display: grid;
inline-size: 100%;
}
.fields.expanded select {
inline-size: 100%;
}
}
`]}render(){const e=this.words.t.bind(this.words),t=this.filter,i=[...new Set([...this.satellites.flatMap(s=>s.wake_words.map(o=>o.id)),...t.wake_word?[t.wake_word]:[]])];return a`
<div class="bar" role="search">
<div class="search">
${$("search")}
<input type="search" aria-label=${e("filter.text")} placeholder=${e("filter.text")} .value=${t.text??""} @input=${this.#s} />
</div>
<button class="toggle" aria-expanded=${this.expanded} @click=${()=>this.expanded=!this.expanded}>${$("filter")}${e("filter.more")}</button>
<div class="bar fields ${this.expanded?"expanded":""}">
<select aria-label=${e("filter.period")} @change=${this.#i}>
${this.#t("",e("period.all"),!t.period&&!this.custom)}
${Et.map(s=>this.#t(s,e(`period.${s}`),t.period===s))}
${this.#t("custom",e("period.custom"),this.custom)}
</select>
${this.custom?a`<input type="date" aria-label=${e("filter.first")} .value=${this.first} @change=${this.#r} data-end="first" />
<input type="date" aria-label=${e("filter.last")} .value=${this.last} @change=${this.#r} data-end="last" />`:c}
${this.satellites.length>1?a`<select aria-label=${e("filter.satellite")} data-key="satellite" @change=${this.#o}>
${this.#t("",e("filter.any_satellite"),!t.satellite)}
${this.satellites.map(s=>this.#t(s.id,s.name,t.satellite===s.id))}
</select>`:c}
${i.length>1?a`<select aria-label=${e("filter.wake_word")} data-key="wake_word" @change=${this.#o}>
${this.#t("",e("filter.any_wake_word"),!t.wake_word)}
${i.map(s=>this.#t(s,Le(s),t.wake_word===s))}
</select>`:c}
<select aria-label=${e("filter.mark")} @change=${this.#n}>
${this.#t("",e("filter.any_mark"),t.kept===void 0&&!t.label)}
${this.#t("kept",e("row.kept"),t.kept===!0)}
${this.#t("mistake",e("label.mistake"),t.label==="mistake")}
${this.#t("correct",e("label.correct"),t.label==="correct")}
</select>
</div>
</div>
<div class="chips" role="group" aria-label=${e("filter.outcome")}>
<button aria-pressed=${!t.outcome} @click=${()=>this.#a({outcome:void 0})}>${e("filter.all")}</button>
${zs.filter(s=>this.counts[s]||t.outcome===s).map(s=>a`<button aria-pressed=${t.outcome===s} @click=${()=>this.#a({outcome:t.outcome===s?void 0:s})}>
${$(s)}${e(`outcome.${s}`)} ${e("number",{n:this.counts[s]??0})}</button>`)}
</div>
`}#t(e,t,i){return a`<option value=${e} .selected=${i}>${t}</option>`}#s;#i;#r;#o;#n;#a(e){const t=Object.fromEntries(Object.entries({...this.filter,...e}).filter(([,i])=>i!==void 0));this.dispatchEvent(new CustomEvent("filter",{detail:t}))}}D([b({attribute:!1})],E.prototype,"filter");D([b({attribute:!1})],E.prototype,"satellites");D([b({attribute:!1})],E.prototype,"counts");D([b({attribute:!1})],E.prototype,"words");D([b({attribute:!1})],E.prototype,"clock");D([m()],E.prototype,"expanded");D([m()],E.prototype,"custom");D([m()],E.prototype,"first");D([m()],E.prototype,"last");A("earshot-filters",E);var Ds=Object.defineProperty,x=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Ds(e,t,s),s};const Ns=["not_intended","failed","cancelled"];class k extends y{constructor(){super(...arguments),this.satellites=[],this.stage="choose",this.selector={},this.problem="",this.custom=!1,this.first="",this.last="",this.#e=0,this.#t=!1,this.#f=e=>{const t=ae(e);this.custom=t==="custom",this.#c({period:this.custom?void 0:t,from:void 0,to:void 0}),this.custom&&this.#g()},this.#h=e=>{e.target.dataset.end==="first"?this.first=ae(e):this.last=ae(e),this.#g()},this.#b=e=>{const t=e.target,i=new Set(this.selector.outcomes);t.checked?i.add(t.value):i.delete(t.value),this.#c({outcomes:i.size?[...i]:void 0})},this.#p=()=>{this.#t?this.#s(this.selector,"choose"):this.#l()},this.#l=e=>{e?.preventDefault(),this.stage!=="working"&&(this.#e++,this.dialog.close())},this.#w=e=>{e.preventDefault(),this.stage==="done"?this.dialog.close():this.stage==="confirm"?this.#o():this.stage==="choose"&&this.preview?.count&&(this.stage="confirm",this.updateComplete.then(()=>this.#i()))}}#e;#t;static{this.styles=[M,P,v`
dialog {
inline-size: min(32rem, calc(100vw - 2rem));
max-block-size: calc(100dvh - 2rem);
padding: 1.25rem;
border: 1px solid var(--line);
border-radius: 1rem;
background: var(--surface);
color: var(--text);
overflow-y: auto;
}
dialog::backdrop {
background: rgb(0 0 0 / 50%);
}
form {
display: grid;
gap: 0.9rem;
}
h2 {
font-size: 1.2rem;
}
fieldset {
display: grid;
grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr));
gap: 0 1rem;
margin: 0;
padding: 0;
border: 0;
}
legend {
padding: 0;
font-weight: 600;
}
.buttons {
justify-content: flex-end;
}
ul {
padding-inline-start: 1.2rem;
}
code {
overflow-wrap: anywhere;
}
`]}choose(){this.#t=!0,this.custom=!1,this.#s({period:"today"},"choose")}confirm(e){this.#t=!1,this.#s(e,"confirm")}#s(e,t){this.selector=e,this.stage=t,this.receipt=void 0,this.#r(),this.updateComplete.then(()=>{this.dialog.open||this.dialog.showModal(),this.#i()})}#i(){this.renderRoot.querySelector("h2")?.focus()}async#r(){const e=++this.#e;if(this.problem="",this.preview=void 0,!(this.custom&&!this.selector.from&&!this.selector.to))try{const t=await this.transport.call("history/delete_preview",this.selector);e===this.#e&&(this.preview=t)}catch(t){e===this.#e&&(this.problem=S(this.words,t))}}async#o(){const e=this.preview?.token;if(e){this.stage="working";try{this.receipt=await this.transport.call("history/delete",{token:e}),this.stage="done",this.dispatchEvent(new CustomEvent("deleted",{detail:this.receipt}))}catch(t){this.stage="confirm",await this.#r(),this.problem=t instanceof T&&t.code==="not_found"&&this.preview?this.words.t("delete.again"):S(this.words,t)}await this.updateComplete,this.#i()}}render(){const e={choose:this.#n,confirm:this.#a,working:this.#a,done:this.#d};return a`<dialog aria-labelledby="title" @cancel=${this.#l}>
<form @submit=${this.#w}>${e[this.stage].call(this)}</form>
</dialog>`}#n(){const e=this.words.t.bind(this.words),t=this.selector,i=(s,o,n)=>a`
<label class="choice"><input type="radio" name="period" value=${s} .checked=${n} @change=${this.#f} />${o}</label>`;return a`
<h2 id="title" tabindex="-1">${e("delete.title")}</h2>
<fieldset>
<legend>${e("filter.period")}</legend>
${Et.map(s=>i(s,e(`period.${s}`),t.period===s))} ${i("all",e("period.all"),t.period==="all")}
${i("custom",e("period.custom"),this.custom)}
</fieldset>
${this.custom?a`<div class="bar">
<label>${e("filter.first")} <input type="date" data-end="first" .value=${this.first} @change=${this.#h} /></label>
<label>${e("filter.last")} <input type="date" data-end="last" .value=${this.last} @change=${this.#h} /></label>
</div>`:c}
<fieldset>
<legend>${e("delete.only")}</legend>
${Ns.map(s=>a`<label class="choice"><input type="checkbox" value=${s} .checked=${t.outcomes?.includes(s)??!1}
@change=${this.#b} />${e(`outcome.${s}`)}</label>`)}
</fieldset>
<div class="bar">
${this.satellites.length>1?a`<select aria-label=${e("filter.satellite")} @change=${s=>this.#c({satellite:ae(s)||void 0})}>
<option value="">${e("filter.any_satellite")}</option>
${this.satellites.map(s=>a`<option value=${s.id} .selected=${t.satellite===s.id}>${s.name}</option>`)}
</select>`:c}
<select aria-label=${e("delete.what")} @change=${s=>this.#c({what:ae(s)})}>
${["all","audio","text"].map(s=>a`<option value=${s} .selected=${(t.what??"all")===s}>${e(`what.${s}`)}</option>`)}
</select>
</div>
<label class="choice"><input type="checkbox" .checked=${t.include_kept??!1}
@change=${s=>this.#c({include_kept:s.target.checked||void 0})} />${e("delete.include_kept")}</label>
<p role="status" aria-live="polite">${this.#u()}</p>
${this.#m()}
<div class="bar buttons">
<button type="button" @click=${this.#l}>${e("cancel")}</button>
<button class="danger" ?disabled=${!this.preview?.count}>${e("delete.next",{n:this.preview?.count??0})}</button>
</div>`}#a(){const e=this.words.t.bind(this.words),t=this.preview,i=this.stage==="working";return a`
<h2 id="title" tabindex="-1">${t?e("delete.question",{n:t.count}):e("delete.title")}</h2>
<p role="status" aria-live="polite">${this.#u()}</p>
${t?.count?a`<p><strong>${e(`delete.cost.${this.selector.what??"all"}`)}</strong> ${this.selector.what==="text"?"":e("delete.cost.tune")}</p>`:c}
${t?.in_progress?a`<p>${e("delete.in_progress",{n:t.in_progress})}</p>`:c}
${this.#m()}
<div class="bar buttons">
<button type="button" ?disabled=${i} @click=${this.#p}>${e(this.#t?"back":"cancel")}</button>
<button class="danger" ?disabled=${i||!t||!t.count&&!t.in_progress}>${i?e("delete.working"):e("delete.do",{n:t?.count??0})}</button>
</div>`}#d(){const e=this.words.t.bind(this.words),t=this.receipt;return a`
<h2 id="title" tabindex="-1">${e("receipt.title",{n:t.deleted})}</h2>
<p>${e("receipt.size",{length:Q(this.words,t.seconds*1e3),size:rt(this.words,t.bytes)})}</p>
${t.kept_skipped?a`<p>${e("delete.kept",{n:t.kept_skipped})}</p>`:c}
${t.in_progress_discarded?a`<p>${e("receipt.discarded",{n:t.in_progress_discarded})}</p>`:c}
${t.failed_count?a`<p class="bad">${e("receipt.failed",{n:t.failed_count})}</p>`:c}
${t.remains.length?a`<p>${e("receipt.remains")}</p><ul>${t.remains.map(i=>a`<li>${i}</li>`)}</ul>`:c}
<p class="muted">${e("receipt.id")} <code>${t.receipt}</code></p>
<div class="bar buttons"><button class="main">${e("close")}</button></div>`}#u(){const e=this.words.t.bind(this.words),t=this.preview;if(!t)return this.problem||this.custom?"":e("delete.counting");const i=t.kept?` ${e("delete.kept",{n:t.kept})}`:"";return t.count?e("delete.summary",{n:t.count,length:Q(this.words,t.seconds*1e3),size:rt(this.words,t.bytes),oldest:t.oldest?this.clock.dateTime(t.oldest):"",newest:t.newest?this.clock.dateTime(t.newest):""})+i:e("delete.none")+i}#m(){return this.problem?a`<p class="bad" role="alert">${this.problem}</p>`:c}#c(e){this.selector=Object.fromEntries(Object.entries({...this.selector,...e}).filter(([,t])=>t!==void 0)),this.#r()}#f;#h;#g(){this.#c({from:this.first?this.clock.midnight(this.first):void 0,to:this.last?this.clock.midnight(this.last,!0):void 0})}#b;#p;#l;#w}x([b({attribute:!1})],k.prototype,"transport");x([b({attribute:!1})],k.prototype,"words");x([b({attribute:!1})],k.prototype,"clock");x([b({attribute:!1})],k.prototype,"satellites");x([m()],k.prototype,"stage");x([m()],k.prototype,"selector");x([m()],k.prototype,"preview");x([m()],k.prototype,"receipt");x([m()],k.prototype,"problem");x([m()],k.prototype,"custom");x([m()],k.prototype,"first");x([m()],k.prototype,"last");x([xt("dialog")],k.prototype,"dialog");const ae=r=>r.target.value;A("earshot-delete-dialog",k);var Os=Object.defineProperty,z=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Os(e,t,s),s};const ct=10,Us=24;class C extends y{constructor(){super(...arguments),this.words=new Y,this.satellites=[],this.paused=[],this.active="",this.open="",this.selecting=!1,this.problem="",this.said="",this.#e={list:[]},this.#t="",this.#i=new IntersectionObserver(e=>e.at(-1)?.isIntersecting&&void this.store.loadMore(),Mt("1500px")),this.#b=e=>{const t=e.target,i=t.closest("[data-id]")?.dataset.id,s=t.closest("[data-do]")?.dataset.do;i&&(this.active=i,s?this.#p(s,i,e):this.selecting&&!t.closest("earshot-waveform")&&this.store.toggle(i))},this.#w=e=>{if(e.composedPath()[0].closest("dialog")||e.altKey||e.metaKey)return;const i=e.target.closest("[data-id]"),s=i?.dataset.id;if(!s)return;const o=e.target===i,n=H(this.transport.role),l=(()=>{if(e.ctrlKey)return e.key==="a"&&n?()=>this.store.selectAll():void 0;switch(e.key){case"ArrowDown":case"ArrowUp":case"j":case"k":return()=>this.#S(s,e.key==="ArrowDown"||e.key==="j"?1:-1,e.shiftKey&&n);case"p":return()=>this.#p("play",s);case" ":return o&&n?()=>this.#p("select",s):void 0;case"Enter":return o?()=>this.#p("details",s):void 0;case"Delete":return n?()=>this.store.selectedCount?this.dialog.confirm(this.store.selector()):this.#p("delete",s):void 0;case"Escape":return()=>{this.store.selectedCount||this.selecting?this.#$():this.open=""};default:return}})();l&&(e.preventDefault(),l())},this.#v=e=>{const t=e.target.closest("[data-id]")?.dataset.id;t&&(this.active=t)},this.#k=e=>{const t=e.target.closest("[data-id]")?.dataset.id;t&&this.player.seek(t,e.detail)},this.#_=()=>{this.store.showNew(),this.scrollIntoView({block:"start"})},this.#$=()=>{this.selecting=!1,this.store.select([])},this.#A=e=>{this.#$(),this.said=this.words.t("receipt.title",{n:e.detail.deleted}),this.dispatchEvent(new CustomEvent("earshot-deleted",{detail:e.detail,bubbles:!0,composed:!0}))}}#e;#t;#s;#i;#r;static{this.styles=[M,P,Es,v`
:host {
display: block;
}
.top {
position: sticky;
inset-block-start: var(--earshot-sticky, 0);
z-index: 2;
padding-block: 0.5rem;
background: var(--surface);
border-block-end: 1px solid var(--line);
}
.selection {
min-block-size: 40px;
}
.selection strong {
min-inline-size: max-content;
}
.link, .note-line {
padding: 0.3rem 0.5rem;
color: var(--warn);
}
.pill {
position: sticky;
inset-block-start: calc(var(--earshot-sticky, 0px) + 7rem);
z-index: 1;
display: flex;
inline-size: fit-content;
margin: 0.5rem auto;
border-radius: 20px;
background: var(--accent);
color: var(--on-accent);
border-color: transparent;
}
.pill:hover:enabled {
background: var(--accent);
}
h3 {
display: flex;
justify-content: space-between;
align-items: baseline;
padding: 1rem 0.5rem 0.25rem;
font-size: 1rem;
}
h3 span {
font-weight: 400;
font-size: 0.875rem;
color: var(--muted);
}
.note {
display: grid;
justify-items: center;
gap: 0.8rem;
padding: 3rem 1rem;
text-align: center;
}
.grey {
block-size: 96px;
margin: 0.5rem;
border-radius: 0.6rem;
background: var(--raised);
opacity: 0;
animation: appear 0.2s 0.3s forwards;
}
@keyframes appear {
to {
opacity: 1;
}
}
@media (prefers-reduced-motion: reduce) {
.grey {
opacity: 1;
}
}
.only-phone {
display: none;
}
@media (max-width: 599px) {
.only-phone {
display: inline-flex;
}
.not-phone {
display: none;
}
.selection .all {
order: 1;
}
.selection {
position: fixed;
inset-inline: 0;
inset-block-end: 0;
z-index: 3;
padding: 0.5rem;
background: var(--surface);
border-block-start: 1px solid var(--line);
}
}
`]}connectedCallback(){super.connectedCallback(),this.hasUpdated&&this.#o()}disconnectedCallback(){super.disconnectedCallback(),this.store.stop(),this.player.stop(),this.#s?.(),this.#i.disconnect()}willUpdate(e){this.hasUpdated||this.#o(),(!this.clock||e.has("words"))&&(this.clock=new X(this.words,this.transport.timeZone))}#o(){this.store=new ws(this.transport,()=>this.#a()),this.player=new St(this.transport),this.store.addEventListener("change",()=>{this.requestUpdate(),this.player.current&&this.store.status==="ready"&&!this.store.entries.some(e=>e.id===this.player.current)&&this.player.stop()}),this.player.addEventListener("change",()=>this.requestUpdate()),this.player.addEventListener("progress",()=>this.#d()),this.#s=this.transport.watch(()=>{this.#n()}),this.#n(),this.store.start()}async#n(){if(this.transport.link==="ready"){this.clock=new X(this.words,this.transport.timeZone);try{this.satellites=(await this.transport.call("satellites/list")).satellites;const{satellites:e}=await this.transport.call("settings/get");this.paused=e.filter(t=>t.save==="nothing").map(t=>t.satellite)}catch{}}}#a(){const e=this.renderRoot.querySelector(".list")?.getBoundingClientRect().top??0,t=this.renderRoot.querySelector(".top")?.getBoundingClientRect().bottom??0;return e<t-Us||this.player.playing||this.selecting||this.store.selectedCount>0||this.open!==""}#d(){const e=this.#u(this.player.current)?.querySelector("earshot-waveform");e&&(e.position=this.player.position)}#u(e){return e?this.renderRoot.querySelector(`[data-id="${CSS.escape(e)}"]`):null}render(){const e=this.words.t.bind(this.words),{store:t}=this,i=this.transport.link==="ready",s=t.entries.some(l=>l.id===this.active)?this.active:t.entries[0]?.id??"",o={words:this.words,clock:this.clock,store:t,player:this.player,role:this.transport.role,online:i,satellites:this.satellites,active:s,open:this.open},n=this.selecting||t.selectedCount>0;return a`
<div class="top">
${n?this.#f(i):c}
<div ?hidden=${n&&!Hs.matches}>
<earshot-filters .filter=${t.filter} .satellites=${this.satellites} .counts=${t.counts} .words=${this.words} .clock=${this.clock}
@filter=${l=>t.setFilter(l.detail)}></earshot-filters>
${H(this.transport.role)?a`<div class="bar">
<span class="grow muted" role="status">${t.total===void 0?"":e("list.count",{n:t.total})}</span>
<button class="only-phone" @click=${()=>this.selecting=!0}>${e("select.begin")}</button>
<button @click=${()=>this.dialog.choose()} ?disabled=${!i}>${$("delete")}${e("delete.open")}</button>
</div>`:c}
</div>
${this.transport.link==="offline"||this.transport.link==="connecting"?a`<p class="link" role="status">${e("link.offline")}</p>`:c}
${this.paused.length?a`<p class="note-line" role="status">${this.#m()}</p>`:c}
${this.problem?a`<p class="bad" role="alert">${this.problem}</p>`:c}
</div>
${t.waiting.length?a`<button class="pill" @click=${this.#_}>${$("up")}${e("list.new",{n:t.waiting.length})}</button>`:c}
<div class="list ${n?"selecting":""}" @click=${this.#b} @keydown=${this.#w} @focusin=${this.#v} @seek=${{handleEvent:this.#k,capture:!0}}>
${t.entries.length?At(this.#g(),l=>l.day,(l,d)=>a`
<section aria-labelledby=${`day-${l.day}`}>
<h3 id=${`day-${l.day}`}>${this.clock.dayName(l.day)}</h3>
${l.chunks.map((f,p)=>a`<earshot-rows .entries=${f} .view=${o} .first=${d+p===0}></earshot-rows>`)}
</section>`):this.#c()}
${t.entries.length&&t.more?a`<div class="grey" role="status" aria-label=${e("list.loading")}></div>`:c}
<div id="end"></div>
</div>
<p class="heard" aria-live="polite">${this.said}</p>
<earshot-delete-dialog .transport=${this.transport} .words=${this.words} .clock=${this.clock} .satellites=${this.satellites}
@deleted=${this.#A}></earshot-delete-dialog>
`}updated(){if(this.#r===this.store.entries)return;this.#r=this.store.entries;const e=this.renderRoot.querySelector("#end");this.#i.unobserve(e),this.#i.observe(e)}#m(){return this.paused.length===this.satellites.length?this.words.t("list.paused"):this.words.t("list.paused_at",{names:this.paused.map(e=>Re(this.satellites,e)).join(", ")})}#c(){const e=this.words.t.bind(this.words),{store:t}=this;if(t.status==="failed")return a`<div class="note" role="alert"><p>${S(this.words,t.problem)}</p><button @click=${()=>{t.reload()}}>${e("again")}</button></div>`;if(t.status==="loading")return a`<div role="status" aria-label=${e("list.loading")}><div class="grey"></div><div class="grey"></div><div class="grey"></div></div>`;if(Object.keys(t.filter).length)return a`<div class="note"><p>${e("list.no_match")}</p><button @click=${()=>t.setFilter({})}>${e("filter.clear")}</button></div>`;const i=this.satellites.flatMap(s=>s.wake_words)[0];return a`<div class="note"><p>${i?e("list.empty_word",{word:i.phrase}):e("list.empty")}</p><slot name="empty"></slot></div>`}#f(e){const t=this.words.t.bind(this.words),{store:i}=this,s=i.selectedCount;return a`<div class="bar selection" role="toolbar" aria-label=${t("select.toolbar")}>
<button class="icon" aria-label=${t("select.end")} @click=${this.#$}>${$("close")}</button>
<strong class="grow" role="status">${t("select.count",{n:s})}</strong>
${!i.allSelected&&i.total!==void 0&&i.total>s?a`<button class="all" @click=${()=>i.selectAll()}>${t("select.all",{n:i.total})}</button>`:c}
${this.#h("mistake",t("label.mistake"),!s||!e,()=>{this.#x({label:"mistake"})})}
${this.#h("keep",t("details.keep"),!s||!e,()=>{this.#x({kept:!0})})}
${this.#h("delete",t("delete.open"),!s||!e,()=>this.dialog.confirm(i.selector()),"danger")}
</div>`}#h(e,t,i,s,o=""){return a`<button class=${o} aria-label=${t} ?disabled=${i} @click=${s}>${$(e)}<span class="not-phone">${t}</span></button>`}#g(){const{entries:e}=this.store;if(this.#e.of===e&&this.#e.clock===this.clock)return this.#e.list;const t=new Map(this.#e.list.flatMap(o=>o.chunks.map(n=>[n[0].id,n]))),i=new Map;for(const o of e){const n=this.clock.day(o.at),l=i.get(n);l?l.push(o):i.set(n,[o])}const s=[...i].map(([o,n])=>{const l=[];for(let d=0;d<n.length;d+=ct){const f=n.slice(d,d+ct),p=t.get(f[0].id);l.push(p?.length===f.length&&p.every((h,g)=>h===f[g])?p:f)}return{day:o,count:n.length,chunks:l}});return this.#e={of:e,clock:this.clock,list:s},s}#b;#p(e,t,i){const s=this.store.entries.find(o=>o.id===t);if(s)switch(e){case"select":i?.shiftKey&&this.#t?this.#l(t):(this.store.toggle(t),this.#t=t);break;case"play":this.player.toggle(t);break;case"details":this.open=this.open===t?"":t;break;case"delete":this.dialog.confirm({ids:[t],...s.kept?{include_kept:!0}:{}});break;case"keep":this.#y({ids:[t]},{kept:!s.kept});break;case"correct":case"mistake":this.#y({ids:[t]},{label:s.label===e?"none":e});break;case"download":this.#C(t);break}}#l(e){const t=this.store.entries.map(o=>o.id),[i,s]=[t.indexOf(this.#t),t.indexOf(e)].sort((o,n)=>o-n);i>=0&&this.store.select([...this.store.selected,...t.slice(i,s+1)])}#w;#S(e,t,i){const{entries:s}=this.store,o=s.findIndex(l=>l.id===e),n=s[o+t];n&&(i&&(this.store.selectedCount||(this.#t=e),this.#l(n.id)),this.active=n.id,this.updateComplete.then(()=>{const l=this.#u(n.id);l?.focus({preventScroll:!0}),l?.scrollIntoView({block:"nearest"})}))}#v;#k;#_;#$;async#x(e){const{ids:t,...i}=this.store.selector();await this.#y(t?{ids:t}:{match:i},e)&&this.#$()}async#y(e,t){this.problem="";try{return await this.transport.call("history/update",{...e,...t}),!0}catch(i){return this.problem=S(this.words,i),!1}}async#C(e){this.problem="";try{const{url:t}=await this.transport.call("clips/sign",{entry_id:e}),i=document.createElement("a");i.href=this.transport.url(t,!0),i.download="",i.click()}catch(t){this.problem=S(this.words,t)}}#A}z([b({attribute:!1})],C.prototype,"transport");z([b({attribute:!1})],C.prototype,"words");z([m()],C.prototype,"satellites");z([m()],C.prototype,"paused");z([m()],C.prototype,"active");z([m()],C.prototype,"open");z([m()],C.prototype,"selecting");z([m()],C.prototype,"problem");z([m()],C.prototype,"said");z([xt("earshot-delete-dialog")],C.prototype,"dialog");const Hs=matchMedia("(max-width: 599px)");A("earshot-history",C);var Ls=Object.defineProperty,je=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Ls(e,t,s),s};class xe extends y{#e;#t;static{this.styles=[M,P,v`
:host {
display: block;
}
.bar {
flex-wrap: nowrap;
}
.button {
inline-size: 40px;
padding: 0;
border-color: transparent;
}
p {
overflow: hidden;
text-overflow: ellipsis;
white-space: nowrap;
}
.meta {
display: flex;
align-items: center;
gap: 0.3rem;
color: var(--muted);
font-size: 0.875rem;
}
`]}connectedCallback(){super.connectedCallback(),this.player=new St(this.transport),this.player.addEventListener("change",()=>this.requestUpdate()),this.#e=this.transport.watch(()=>{this.#s()}),this.#s()}disconnectedCallback(){super.disconnectedCallback(),this.#e?.(),this.#t?.(),this.player.stop()}async#s(){if(this.requestUpdate(),this.transport.link==="ready")try{this.#t=await this.transport.subscribe("history/subscribe",{},()=>{this.#i()}),await this.#i()}catch(e){if(!(e instanceof T))throw e}}async#i(){try{this.entry=(await this.transport.call("history/list",{limit:1})).entries[0]??null}catch(e){if(!(e instanceof T))throw e}this.entry?.id!==this.player.current&&this.player.stop()}render(){const e=this.words.t.bind(this.words),{entry:t,player:i}=this;if(this.transport.link==="offline")return a`<p role="status">${e("link.offline")}</p>`;if(t===void 0)return c;const s=a`<a class="button" href="/earshot" aria-label=${e("hass.all")} title=${e("hass.all")}>${$("list")}</a>`;if(t===null)return a`<div class="bar"><p class="grow">${e("list.empty")}</p>${s}</div>`;const o=new X(this.words,this.transport.timeZone);return a`<div class="bar">
${ue(this.transport.role)&&t.clip?a`<button class="icon" aria-label=${e(i.playing?"row.pause":"row.play")} @click=${()=>{i.toggle(t.id)}}>
${$(i.playing?"pause":"play")}</button>`:c}
<div class="grow">
<p>${Ct(t,this.words)}</p>
<p class="meta">${$(t.outcome)}${e(`outcome.${t.outcome}`)} · ${o.dayName(o.day(t.at))}, ${o.time(t.at)}</p>
</div>
${s}
</div>`}}je([b({attribute:!1})],xe.prototype,"transport");je([b({attribute:!1})],xe.prototype,"words");je([m()],xe.prototype,"entry");A("earshot-latest",xe);var Rs=Object.defineProperty,js=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Rs(e,t,s),s};const ht=["full","compact"],de="earshot-history-card";class zt extends me{constructor(){super(...arguments),this.config={type:`custom:${de}`},this.#e=e=>{const t=this.words.t("receipt.title",{n:e.detail.deleted});this.dispatchEvent(new CustomEvent("hass-notification",{detail:{message:t},bubbles:!0,composed:!0}))}}static{this.styles=[M,v`
:host {
display: block;
block-size: 100%;
}
ha-card {
display: flex;
flex-direction: column;
block-size: 100%;
overflow: hidden;
}
.full {
flex: 1;
min-block-size: 0;
max-block-size: 40rem;
overflow-y: auto;
padding-inline: 0.75rem;
}
.compact, p {
padding: 0.75rem;
}
`]}setConfig(e){if(e.form!==void 0&&!ht.includes(e.form))throw new Error(`form: one of ${ht.join(", ")} is needed`);for(const t of["title","bridge"])if(e[t]!==void 0&&typeof e[t]!="string")throw new Error(`${t}: a text is needed`);this.config=e,this.choose(e.bridge??"")}getCardSize(){return this.config.form==="compact"?2:10}getGridOptions(){return this.config.form==="compact"?{columns:6,rows:2,min_columns:6,min_rows:2}:{columns:12,rows:10,min_columns:6,min_rows:5}}static getStubConfig(){return{form:"full"}}static getConfigForm(){return{schema:[{name:"title",selector:{text:{}}},{name:"form",selector:{select:{mode:"dropdown",options:[{value:"full",label:"The whole history"},{value:"compact",label:"The last command"}]}}},{name:"bridge",selector:{text:{}}}],computeLabel:({name:e})=>({title:"Title",form:"Shows",bridge:"Id of the bridge, if there are several"})[e]}}render(){const{transport:e,words:t,config:i}=this,s=this.instead();return a`<ha-card .header=${i.title}>
${s??(i.form==="compact"?a`<earshot-latest class="compact" .transport=${e} .words=${t}></earshot-latest>`:a`<div class="full" @earshot-deleted=${this.#e}><earshot-history .transport=${e} .words=${t}></earshot-history></div>`)}
</ha-card>`}#e}js([m()],zt.prototype,"config");A(de,zt);const pt=window.customCards??=[];pt.some(r=>r.type===de)||pt.push({type:de,name:"Earshot voice history",description:"What was heard, when and why: listen, understand and delete.",preview:!0,getEntitySuggestion:(r,e)=>/^event\..*(wake_word|command)$/.test(e)?{config:{type:`custom:${de}`,form:"full"}}:null});var Bs=Object.defineProperty,ge=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Bs(e,t,s),s};const ut=50;class se extends y{constructor(){super(...arguments),this.more=!1,this.problem=""}#e;static{this.styles=[M,P,v`
:host {
display: grid;
gap: 1rem;
padding-block: 1rem;
justify-items: start;
}
table {
inline-size: 100%;
border-collapse: collapse;
}
th, td {
padding: 0.5rem 0.6rem 0.5rem 0;
border-block-end: 1px solid var(--line);
text-align: start;
overflow-wrap: anywhere;
}
.number {
text-align: end;
}
`]}connectedCallback(){super.connectedCallback(),this.#e=this.transport.watch(()=>{this.#t()}),this.#t()}disconnectedCallback(){super.disconnectedCallback(),this.#e?.()}async#t(e){if(this.transport.link==="ready"){this.problem="";try{const{lines:t}=await this.transport.call("access_log/list",{limit:ut,...e?{before:e}:{}});this.lines=e?[...this.lines??[],...t]:t,this.more=t.length===ut}catch(t){this.problem=S(this.words,t)}}}render(){const e=this.words.t.bind(this.words),t=new X(this.words,this.transport.timeZone);return a`
<h2>${e("page.access")}</h2>
${this.problem?a`<p class="bad" role="alert">${this.problem}</p>`:c}
${this.lines?c:a`<p class="muted" role="status">${e("list.loading")}</p>`}
${this.lines?.length===0?a`<p>${e("access.none")}</p>`:c}
${this.lines?.length?a`<table>
<thead><tr><th scope="col">${e("access.at")}</th><th scope="col">${e("access.who")}</th><th scope="col">${e("access.action")}</th>
<th scope="col" class="number">${e("access.entries")}</th></tr></thead>
<tbody>${this.lines.map(i=>a`<tr><td>${t.dateTime(i.at)}</td><td>${i.who}</td><td>${e(`access.${i.action}`)}</td>
<td class="number">${i.entries?e("number",{n:i.entries}):""}</td></tr>`)}</tbody>
</table>`:c}
${this.more?a`<button @click=${()=>this.#t(this.lines?.at(-1)?.id)}>${e("access.more")}</button>`:c}
`}}ge([b({attribute:!1})],se.prototype,"transport");ge([b({attribute:!1})],se.prototype,"words");ge([m()],se.prototype,"lines");ge([m()],se.prototype,"more");ge([m()],se.prototype,"problem");A("earshot-access-log",se);var Is=Object.defineProperty,Z=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Is(e,t,s),s};const mt=20;class L extends y{constructor(){super(...arguments),this.running=!1,this.points=[],this.problem="",this.listened=[],this.#t=e=>{e.action==="end"?this.#s():e.action==="wake"?this.heard=e:this.points=[...this.points,e]},this.#s=()=>{this.#e?.(),this.#e=void 0,this.running=!1}}#e;static{this.styles=[M,P,v`
:host {
display: block;
}
section {
display: grid;
gap: 0.5rem;
}
svg {
display: block;
inline-size: 100%;
block-size: 120px;
border: 1px solid var(--line);
border-radius: 0.6rem;
}
.curve {
fill: none;
stroke: var(--accent);
stroke-width: 2;
vector-effect: non-scaling-stroke;
}
.limit {
stroke: var(--warn);
stroke-dasharray: 6 4;
vector-effect: non-scaling-stroke;
}
.wake {
stroke: var(--good);
stroke-width: 3;
vector-effect: non-scaling-stroke;
}
`]}disconnectedCallback(){super.disconnectedCallback(),this.#s()}async start(e){this.#s(),this.listened=e.wake_words.filter(t=>t.active!==!1),this.points=[],this.heard=void 0,this.problem="",this.running=!0;try{this.#e=await this.transport.subscribe("satellites/test",{satellite:e.id,seconds:mt},this.#t),this.isConnected||this.#s()}catch(t){this.running=!1,this.problem=S(this.words,t)}}#t;#s;render(){const e=this.words.t.bind(this.words);if(this.problem)return a`<p class="bad" role="alert">${this.problem}</p>`;if(!this.running&&!this.points.length)return c;const t=o=>Math.min(o.at_ms/(mt*10),100),i=o=>100-o*98-1,[s]=this.listened;return a`<section>
<div class="bar"><p class="grow" role="status">${this.#i()}</p>
${this.running?a`<button @click=${this.#s}>${e("mic.test_stop")}</button>`:c}</div>
<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=${e("mic.curve")}>
${this.listened.map(o=>ze("curve",this.points.map(n=>`${t(n)},${i(n.scores?.[o.id]??0)}`)))}
${s?ze("limit",[`0,${i(s.threshold)}`,`100,${i(s.threshold)}`]):c}
${this.heard?ze("wake",[`${t(this.heard)},0`,`${t(this.heard)},100`]):c}
</svg>
</section>`}#i(){const e=this.words.t.bind(this.words),t=(s="")=>this.listened.find(o=>o.id===s)?.phrase??s;if(this.heard)return e("mic.test_heard",{word:t(this.heard.wake_word),score:U(this.words,this.heard.score??0)});if(this.running)return e("mic.testing",{word:this.listened[0]?.phrase??""});const i=Math.max(0,...this.points.flatMap(s=>Object.values(s.scores??{})));return e("mic.test_best",{score:U(this.words,i),limit:U(this.words,this.listened[0]?.threshold??0)})}}Z([b({attribute:!1})],L.prototype,"transport");Z([b({attribute:!1})],L.prototype,"words");Z([m()],L.prototype,"running");Z([m()],L.prototype,"points");Z([m()],L.prototype,"heard");Z([m()],L.prototype,"problem");Z([m()],L.prototype,"listened");function ze(r,e){return kt`<polyline class=${r} fill="none" points=${e.join(" ")} />`}A("earshot-microphone-test",L);var Ws=Object.defineProperty,be=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Ws(e,t,s),s};const qs=-70;class ie extends y{constructor(){super(...arguments),this.levels={},this.problem=""}#e;#t;static{this.styles=[M,P,v`
:host {
display: grid;
gap: 1rem;
padding-block: 1rem;
}
article {
display: grid;
gap: 0.7rem;
padding: 1rem;
border: 1px solid var(--line);
border-radius: 1rem;
}
.head {
justify-content: space-between;
}
meter {
inline-size: 100%;
block-size: 14px;
}
.word {
display: grid;
grid-template-columns: minmax(0, 1fr) minmax(6rem, 1fr) 4rem;
align-items: center;
gap: 0 0.8rem;
}
.word output {
text-align: end;
}
dl {
display: grid;
grid-template-columns: auto minmax(0, 1fr);
gap: 0.2rem 1rem;
font-size: 0.9rem;
}
.warn {
color: var(--warn);
}
dt {
color: var(--muted);
}
dd {
overflow-wrap: anywhere;
}
`]}connectedCallback(){super.connectedCallback(),this.#e=this.transport.watch(()=>{this.#s()}),this.#s()}disconnectedCallback(){super.disconnectedCallback(),this.#e?.(),this.#t?.()}async#s(){if(this.requestUpdate(),this.clock=new X(this.words,this.transport.timeZone),this.transport.link==="ready")try{this.#t=await this.transport.subscribe("satellites/subscribe",{levels:!0},e=>{e.satellites&&(this.satellites=e.satellites),e.levels&&(this.levels=e.levels)}),this.isConnected||this.#t()}catch(e){this.problem=S(this.words,e)}}render(){const e=this.words.t.bind(this.words);return a`
<h2>${e("page.microphones")}</h2>
${this.transport.link==="ready"?c:a`<p role="status">${e("link.offline")}</p>`}
${this.problem?a`<p class="bad" role="alert">${this.problem}</p>`:c}
${this.satellites===void 0?a`<p class="muted" role="status">${e("list.loading")}</p>`:c}
${this.satellites?.length===0?a`<p>${e("mic.none")}</p>`:c}
${this.satellites?.map(t=>this.#i(t))}
`}#i(e){const t=this.words.t.bind(this.words),i=H(this.transport.role),s=this.transport.link==="ready",o=e.microphone.state==="listening",n=this.levels[e.id]??e.microphone.level_dbfs;return a`<article aria-labelledby=${`name-${e.id}`}>
<div class="bar head">
<div>
<h3 id=${`name-${e.id}`}>${e.name}</h3>
<p class=${e.microphone.state==="lost"?"bad":"muted"} role="status">
${e.state==="idle"||!o?t(`mic.state.${e.microphone.state}`):t(`mic.doing.${e.state}`)}${e.area&&e.area!==e.name?` · ${e.area}`:""}</p>
</div>
${i?a`<div class="bar">
<button ?disabled=${!s||!o} @click=${l=>this.#o(l,e)}>${$("microphone")}${t("mic.test")}</button>
<button aria-pressed=${e.muted} ?disabled=${!s} @click=${()=>this.#n("satellites/mute",{satellite:e.id,muted:!e.muted})}>
${$("muted")}${t(e.muted?"mic.unmute":"mic.mute")}</button>
</div>`:c}
</div>
${e.microphone.reason?a`<p class="bad">${e.microphone.reason}</p>`:c}
${e.microphone.findings?.map(l=>a`<p class="warn" role="status">${l.text}</p>`)}
${o?a`<meter min=${qs} max="0" high="-3" .value=${n} aria-label=${t("mic.level")}
aria-valuetext=${t("mic.dbfs",{n:Math.round(n)})} title=${t("mic.dbfs",{n:Math.round(n)})}></meter>`:c}
<earshot-microphone-test .transport=${this.transport} .words=${this.words} .satellite=${e}></earshot-microphone-test>
${e.wake_words.map(l=>this.#r(e,l,i&&s))}
${i&&e.wake_words.length?a`<p class="muted">${t("mic.threshold_help")}</p>`:c}
<dl>
<dt>${t("mic.last_heard")}</dt><dd>${e.last_heard?this.clock.dateTime(e.last_heard):t("mic.never")}</dd>
<dt>${t("mic.device")}</dt><dd>${e.microphone.device}</dd>
</dl>
${e.microphone.dropped?a`<p class="muted">${t("mic.dropped",{n:e.microphone.dropped})}</p>`:c}
</article>`}#r(e,t,i){const s=this.words.t.bind(this.words),o=d=>this.#n("wake_words/update",{satellite:e.id,wake_word:t.id,...d}),n=d=>d.target.checked,l=d=>d.target.valueAsNumber;return a`<div class="word">
<label class="choice"><input type="checkbox" .checked=${t.active} ?disabled=${!i} @change=${d=>o({active:n(d)})} />
${s("mic.active",{word:t.phrase})}</label>
${t.threshold===0?c:a`<input type="range" min="0.05" max="0.99" step="0.01" .value=${String(t.threshold)} ?disabled=${!i}
aria-label=${s("mic.threshold",{word:t.phrase})} aria-valuetext=${U(this.words,t.threshold)}
@change=${d=>o({threshold:l(d)})} />
<output>${U(this.words,t.threshold)}</output>`}
</div>`}#o(e,t){e.target.closest("article")?.querySelector("earshot-microphone-test")?.start(t)}async#n(e,t){this.problem="";try{await this.transport.call(e,t)}catch(i){this.problem=S(this.words,i),this.requestUpdate("satellites")}}}be([b({attribute:!1})],ie.prototype,"transport");be([b({attribute:!1})],ie.prototype,"words");be([m()],ie.prototype,"satellites");be([m()],ie.prototype,"levels");be([m()],ie.prototype,"problem");A("earshot-microphones",ie);var Vs=Object.defineProperty,K=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Vs(e,t,s),s};const Fs=["audio+text","text","nothing"],Zs=["understood","not_intended","failed"],ft=["never","18m","3m","30d","7d","24h"];class R extends y{constructor(){super(...arguments),this.satellites=[],this.problem="",this.said="",this.busy=!1,this.#o=e=>this.#d(async()=>{this.settings=await this.transport.call("settings/update",e),this.said=this.words.t("privacy.saved_now")}),this.#n=()=>this.#d(async()=>{await this.transport.call("retention/run"),await this.#t()}),this.#a=()=>this.#d(async()=>{const{url:e}=await this.transport.call("history/export",{period:"all"}),t=document.createElement("a");t.href=this.transport.url(e),t.download="",t.click()})}#e;static{this.styles=[M,P,v`
:host {
display: grid;
gap: 1.5rem;
padding-block: 1rem;
max-inline-size: 44rem;
}
section, fieldset {
display: grid;
gap: 0.6rem;
justify-items: start;
}
section {
padding-block-start: 1.2rem;
border-block-start: 1px solid var(--line);
}
fieldset {
margin: 0;
padding: 0;
border: 0;
}
legend {
padding: 0;
font-weight: 600;
}
label.choice {
align-items: flex-start;
padding-block: 0.3rem;
}
label small {
display: block;
color: var(--muted);
font-size: 0.9rem;
}
label.field {
display: grid;
gap: 0.2rem;
}
`]}connectedCallback(){super.connectedCallback(),this.#e=this.transport.watch(()=>{this.#t()}),this.#t()}disconnectedCallback(){super.disconnectedCallback(),this.#e?.()}async#t(){if(this.requestUpdate(),this.transport.link==="ready")try{const[e,{satellites:t}]=await Promise.all([this.transport.call("settings/get"),this.transport.call("satellites/list")]);this.settings=e,this.satellites=t,this.problem=""}catch(e){this.problem=S(this.words,e)}}render(){const e=this.words.t.bind(this.words),t=this.settings,i=!H(this.transport.role)||this.transport.link!=="ready";return a`
<h2>${e("privacy.title")}</h2>
<p class="heard" role="status">${this.said}</p>
${this.problem?a`<p class="bad" role="alert">${this.problem}</p>`:c}
${t?a`
${t.satellites.map(s=>this.#s(s,i))}
${this.#r(t,i)}
<section>
<label class="choice"><input type="checkbox" .checked=${t.improve} ?disabled=${i} @change=${s=>this.#o({improve:Ks(s)})} />
<span>${e("privacy.improve")}<small>${e("privacy.improve_why")}</small></span></label>
</section>
${ue(this.transport.role)?a`<section><h3>${e("privacy.export")}</h3><p class="muted">${e("privacy.export_why")}</p>
<button ?disabled=${this.busy||this.transport.link!=="ready"} @click=${this.#a}>${e("privacy.export_do")}</button></section>`:c}`:a`<p class="muted" role="status">${e("list.loading")}</p>`}
`}#s(e,t){const i=this.words.t.bind(this.words);return a`<section aria-labelledby=${`of-${e.satellite}`}>
<h3 id=${`of-${e.satellite}`}>${Re(this.satellites,e.satellite)}</h3>
<fieldset ?disabled=${t}>
<legend>${i("privacy.saved")}</legend>
${Fs.map(s=>a`<label class="choice"><input type="radio" name=${`save-${e.satellite}`} .checked=${e.save===s}
@change=${()=>this.#o({satellite:e.satellite,save:s})} />
<span>${i(`privacy.save.${s}`)}<small>${i(`privacy.save.${s}_why`)}</small></span></label>`)}
</fieldset>
<fieldset ?disabled=${t}>
<legend>${i("privacy.keep")}</legend>
<div class="bar">
${Zs.map(s=>a`<label class="field">${i(`privacy.${s}`)}
<select @change=${o=>this.#o({satellite:e.satellite,[s]:o.target.value})}>
${[...new Set([...ft,e[s]])].map(o=>a`<option value=${o} .selected=${e[s]===o}>${this.#i(o)}</option>`)}
</select></label>`)}
</div>
</fieldset>
</section>`}#i(e){return ft.includes(e)?this.words.t(`privacy.age.${e}`):e}#r(e,t){const i=this.words.t.bind(this.words),s=new X(this.words,this.transport.timeZone),o=(n,l)=>a`<label class="field">${i(l)}
<input type="number" min="0" max="1000000000" step="1" .value=${String(e.limits[n])} ?disabled=${t}
@change=${d=>d.target.reportValidity()&&this.#o({[n]:d.target.valueAsNumber})} /></label>`;return a`<section>
<div class="bar">${o("max_megabytes","privacy.limit_size")}${o("max_entries","privacy.limit_entries")}</div>
<p class="muted">${i("privacy.no_limit")}</p>
${e.retention.due.entries?a`<p>${i("privacy.due",{n:e.retention.due.entries,at:s.dateTime(e.retention.next)})}</p>
<button ?disabled=${t||this.busy} @click=${this.#n}>${i("privacy.run")}</button>`:c}
</section>`}#o;#n;#a;async#d(e){this.busy=!0,this.problem=this.said="";try{await e()}catch(t){this.problem=S(this.words,t),this.settings&&(this.settings={...this.settings})}finally{this.busy=!1}}}K([b({attribute:!1})],R.prototype,"transport");K([b({attribute:!1})],R.prototype,"words");K([m()],R.prototype,"settings");K([m()],R.prototype,"satellites");K([m()],R.prototype,"problem");K([m()],R.prototype,"said");K([m()],R.prototype,"busy");const Ks=r=>r.target.checked;A("earshot-privacy",R);var Gs=Object.defineProperty,Tt=(r,e,t,i)=>{for(var s=void 0,o=r.length-1,n;o>=0;o--)(n=r[o])&&(s=n(e,t,s)||s);return s&&Gs(e,t,s),s};const gt={history:"history",microphones:"microphone",privacy:"shield",access:"list"};class Be extends me{constructor(){super(...arguments),this.narrow=!1,this.place="history"}static{this.styles=[M,P,v`
:host {
display: block;
min-block-size: 100%;
background: var(--primary-background-color, var(--surface));
--earshot-sticky: 3.5rem;
}
header {
position: sticky;
inset-block-start: 0;
z-index: 4;
display: flex;
align-items: center;
gap: 0.5rem;
block-size: 3.5rem;
padding-inline: 0.5rem;
background: var(--app-header-background-color, var(--accent));
color: var(--app-header-text-color, var(--on-accent));
}
h1 {
flex: 1;
margin: 0;
font-size: 1.2rem;
font-weight: 400;
overflow: hidden;
text-overflow: ellipsis;
white-space: nowrap;
}
header button, header button:hover:enabled, header button[aria-pressed="true"] {
color: inherit;
background: none;
border-color: transparent;
box-shadow: none;
}
header button[aria-pressed="true"] {
border-block-end: 3px solid currentColor;
border-radius: 0;
}
main {
max-inline-size: 60rem;
margin: 0 auto;
padding: 0 0.75rem 5rem;
background: var(--surface);
}
`]}render(){const{words:e,bridges:t=[]}=this;if(!e)return c;const i=e.t.bind(e),s=this.instead(),o=Object.keys(gt).filter(n=>n!=="access"||this.transport&&H(this.transport.role));return a`
<header>
<ha-menu-button .hass=${this.hass} .narrow=${this.narrow}></ha-menu-button>
<h1>${i("hass.title")}</h1>
${t.length>1?a`<select aria-label=${i("hass.bridge")} @change=${n=>this.choose(n.target.value)}>
${t.map(n=>a`<option value=${n.id} .selected=${n.id===this.transport?.bridge}>${n.name}</option>`)}</select>`:c}
${s?c:o.map(n=>a`<button class="icon" aria-pressed=${n===this.place} aria-label=${i(`page.${n}`)} title=${i(`page.${n}`)}
@click=${()=>this.place=n}>${$(gt[n])}</button>`)}
</header>
<main>${s??this.#e()}</main>
`}#e(){const{transport:e,words:t}=this;switch(this.place){case"history":return a`<earshot-history .transport=${e} .words=${t}></earshot-history>`;case"microphones":return a`<earshot-microphones .transport=${e} .words=${t}></earshot-microphones>`;case"privacy":return a`<earshot-privacy .transport=${e} .words=${t}></earshot-privacy>`;case"access":return a`<earshot-access-log .transport=${e} .words=${t}></earshot-access-log>`}}}Tt([b({type:Boolean})],Be.prototype,"narrow");Tt([m()],Be.prototype,"place");A("earshot-panel",Be);const Ys={number:"{n}",cancel:"Abbrechen",back:"Zurück",close:"Schließen",again:"Erneut versuchen","day.today":"Heute","day.yesterday":"Gestern","list.count":{one:"{n} Aufnahme",other:"{n} Aufnahmen"},"list.new":"{n} neue","list.loading":"Wird geladen…","list.no_match":"Keine Aufnahme passt dazu.","list.empty":"Noch keine Aufnahmen.","list.empty_word":"Noch keine Aufnahmen. Sag „{word}“ und was du möchtest.","list.paused":"Aufnahmen werden nicht gespeichert.","list.paused_at":"Aufnahmen werden nicht gespeichert: {names}.","link.offline":"Verbindung wird wiederhergestellt…","row.said":"„{text}“","row.not_intended":"Kein Text – war nicht für den Assistenten bestimmt","row.no_text":"Kein Text","row.select":"Auswählen: {title}","row.play":"Abspielen","row.pause":"Anhalten","row.no_audio":"Kein Ton gespeichert","row.play_failed":"Diese Aufnahme lässt sich nicht mehr abspielen.","row.delete":"Löschen: {title}","row.details":"Einzelheiten","row.kept":"Aufbewahrt","outcome.understood":"Verstanden","outcome.not_understood":"Nicht verstanden","outcome.not_intended":"Nicht gemeint","outcome.failed":"Fehlgeschlagen","outcome.cancelled":"Abgebrochen","outcome.elsewhere":"Anderswo beantwortet","outcome.recorded":"Aufgenommen","label.mistake":"Fehlauslösung","label.correct":"Richtig","label.set.mistake":"Fehlauslösung","label.set.correct":"War gemeint","details.heard":"Gehört","details.why":"Warum ausgelöst","details.score":"{word}: {score} erkannt, {limit} waren nötig.","details.speech_end_ms":"Ende der Sprache nach","details.transcript_ms":"Text nach","details.reply_ms":"Antwort nach","details.intent":"Aktion","details.error":"Problem","details.keep":"Aufbewahren","details.download":"Herunterladen","wave.label":"Stelle in der Aufnahme","wave.position":"{at} von {of}","filter.text":"Gesagtes durchsuchen","filter.more":"Filter","filter.period":"Zeitraum","filter.first":"Von","filter.last":"Bis","filter.satellite":"Mikrofon","filter.any_satellite":"Alle Mikrofone","filter.wake_word":"Aktivierungswort","filter.any_wake_word":"Alle Aktivierungswörter","filter.mark":"Markierung","filter.any_mark":"Markiert oder nicht","filter.outcome":"Ergebnis","filter.all":"Alle","filter.clear":"Filter aufheben","period.all":"Gesamte Zeit","period.custom":"Tage wählen…","period.last_hour":"Letzte Stunde","period.today":"Heute","period.yesterday":"Gestern","period.this_week":"Diese Woche","period.last_7_days":"Letzte 7 Tage","period.this_month":"Dieser Monat","period.last_30_days":"Letzte 30 Tage","select.begin":"Auswählen","select.end":"Auswahl beenden","select.toolbar":"Ausgewählte Aufnahmen","select.count":"{n} ausgewählt","select.all":"Alle {n} passenden auswählen","delete.open":"Löschen…","delete.title":"Aufnahmen löschen","delete.only":"Nur diese","delete.what":"Was gelöscht wird","what.all":"Ton und Text","what.audio":"Nur der Ton, der Text bleibt","what.text":"Nur der Text, der Ton bleibt","delete.include_kept":"Auch aufbewahrte","delete.counting":"Wird gezählt…","delete.none":"Es gibt nichts zu löschen.","delete.summary":{one:"{n} Aufnahme vom {newest}, {length}, {size}.",other:"{n} Aufnahmen vom {oldest} bis {newest}, {length}, {size}."},"delete.kept":{one:"{n} aufbewahrte bleibt.",other:"{n} aufbewahrte bleiben."},"delete.next":"{n} löschen…","delete.question":{one:"{n} Aufnahme löschen?",other:"{n} Aufnahmen löschen?"},"delete.cost.all":"Ton und Text werden auf dieser Bridge unwiderruflich gelöscht.","delete.cost.audio":"Der Ton wird auf dieser Bridge unwiderruflich gelöscht, der Text bleibt.","delete.cost.text":"Text und Antwort werden auf dieser Bridge unwiderruflich gelöscht, der Ton bleibt.","delete.cost.tune":"Danach lässt sich nicht mehr nachhören, warum der Assistent ausgelöst hat, und die Aufnahmen helfen den Aktivierungswörtern nicht mehr.","delete.in_progress":{one:"{n}, die gerade aufgenommen wird, wird verworfen.",other:"{n}, die gerade aufgenommen werden, werden verworfen."},"delete.working":"Wird gelöscht…","delete.do":"{n} löschen","delete.again":"Inzwischen hat sich etwas geändert, es wurde neu gezählt. Gelöscht wurde nichts.","receipt.title":{one:"{n} Aufnahme gelöscht",other:"{n} Aufnahmen gelöscht"},"receipt.size":"{length} Ton, {size}.","receipt.discarded":{one:"{n} laufende wurde verworfen.",other:"{n} laufende wurden verworfen."},"receipt.failed":{one:"{n} ließ sich nicht löschen; das Protokoll der Bridge sagt, warum.",other:"{n} ließen sich nicht löschen; das Protokoll der Bridge sagt, warum."},"receipt.remains":"Anderswo bleibt:","receipt.id":"Beleg","error.offline":"Die Bridge ist nicht erreichbar.","error.timeout":"Die Bridge antwortet nicht.","error.unauthorized":"Das darfst du nicht. Wer die Bridge verwaltet, darf es.","page.history":"Verlauf","page.microphones":"Mikrofone","page.privacy":"Datenschutz","page.access":"Zugriffe","page.sign_out":"Abmelden","page.signed_in":"Angemeldet als {name}","page.sections":"Bereiche","hass.title":"Sprachverlauf","hass.all":"Alle Aufnahmen","hass.bridge":"Bridge","hass.none":"Keine Bridge ist eingerichtet. Füge Earshot unter Einstellungen, Geräte & Dienste hinzu.","hass.none_for_you":"Du darfst den Sprachverlauf nicht sehen. Wer dieses Home Assistant verwaltet, kann das ändern.","pair.code":"„{name}“ möchte diese Bridge benutzen. Wenn du das bist, gib dort diesen Code ein: {code}","sign.title":"Anmelden","sign.why":"Deine Aufnahmen sind privat: Nur wer zum Haushalt gehört, darf sie sehen.","sign.home_assistant":"Mit Home Assistant anmelden","sign.code":"Mit einem Code anmelden","sign.code_why":"Ein Code aus acht Ziffern wird in das Protokoll der Bridge geschrieben.","sign.code_request":"Code ins Protokoll schreiben","sign.code_field":"Code aus dem Protokoll","sign.token":"Mit einem Zugangstoken anmelden","sign.token_field":"Zugangstoken","sign.do":"Anmelden","sign.wrong":"Das war nicht richtig. Sieh noch einmal nach oder fordere einen neuen Code an.","sign.busy":"Zu viele Versuche. Warte eine Minute und versuche es dann erneut.","sign.refused":"Home Assistant hat dich nicht angemeldet, oder du darfst dies nicht sehen.","sign.failed":"Die Anmeldung mit Home Assistant ist misslungen. Das Protokoll der Bridge sagt, warum.","sign.expired":"Die Anmeldung hat zu lange gedauert. Versuche es erneut.","mic.none":"Kein Mikrofon ist eingerichtet.","mic.state.opening":"Wird geöffnet…","mic.state.listening":"Hört zu","mic.state.muted":"Stumm","mic.state.lost":"Hört nichts","mic.state.ended":"Beendet","mic.doing.processing":"Verarbeitet","mic.doing.responding":"Antwortet","mic.doing.listening":"Hört einen Befehl","mic.level":"Pegel","mic.dbfs":"{n} dBFS","mic.mute":"Stumm schalten","mic.unmute":"Wieder zuhören","mic.device":"Gerät","mic.last_heard":"Zuletzt ausgelöst","mic.dropped":{one:"{n} Stück Ton ging verloren",other:"{n} Stücke Ton gingen verloren"},"mic.never":"nie","mic.active":"Auf „{word}“ hören","mic.threshold":"Schwelle für „{word}“","mic.threshold_help":"Höher: weniger Fehlauslösungen. Niedriger: hört dich auch von weiter weg.","mic.test":"Testen","mic.testing":"Sag jetzt „{word}“. Nichts wird aufgenommen.","mic.test_stop":"Beenden","mic.test_heard":"Gehört: {word}, {score}.","mic.test_best":"Nicht gehört. Höchstens {score} erkannt, {limit} sind nötig.","mic.curve":"Verlauf der Erkennung in den letzten Sekunden","privacy.title":"Festlegen, wie deine Daten verwendet werden","privacy.saved":"Was gespeichert wird","privacy.save.audio+text":"Ton und Text","privacy.save.audio+text_why":"Du kannst Aufnahmen anhören, sehen, warum der Assistent ausgelöst hat, und sie löschen.","privacy.save.text":"Nur Text","privacy.save.text_why":"Du siehst, was verstanden wurde, kannst es aber nicht anhören. Ton wird nicht gespeichert.","privacy.save.nothing":"Nichts","privacy.save.nothing_why":"Nichts wird gespeichert. Du kannst später nicht nachsehen, warum der Assistent ausgelöst oder etwas getan hat. Was schon gespeichert ist, bleibt, bis du es löschst.","privacy.keep":"Wie lange","privacy.understood":"Befehle","privacy.not_intended":"Nicht gemeinte","privacy.failed":"Fehlgeschlagene","privacy.age.never":"Bis ich sie lösche","privacy.age.18m":"18 Monate","privacy.age.3m":"3 Monate","privacy.age.30d":"30 Tage","privacy.age.7d":"7 Tage","privacy.age.24h":"24 Stunden","privacy.due":{one:"Am {at} wird {n} Aufnahme gelöscht, weil sie zu alt oder zu viel ist.",other:"Am {at} werden {n} Aufnahmen gelöscht, weil sie zu alt oder zu viele sind."},"privacy.run":"Jetzt löschen","privacy.limit_size":"Höchstens MB Ton","privacy.limit_entries":"Höchstens Aufnahmen","privacy.no_limit":"0 heißt unbegrenzt. Die ältesten gehen zuerst.","privacy.improve":"Helfen, die Aktivierungswörter zu verbessern","privacy.improve_why":"Aufnahmen, die du als Fehlauslösung oder als richtig markierst, bleiben länger als sonst erhalten, als Beispiele für deine Aktivierungswörter. Sie bleiben auf diesem Gerät und verlassen es nur in einer Kopie, die du selbst anforderst. Schaltest du dies aus oder löschst eine Aufnahme, ist sie kein Beispiel mehr.","privacy.export":"Eine Kopie mitnehmen","privacy.export_why":"Ein ZIP-Archiv mit jeder Aufnahme und ihrem Text.","privacy.export_do":"Alles herunterladen","privacy.saved_now":"Gespeichert","access.none":"Noch hat niemand etwas getan.","access.at":"Wann","access.who":"Wer","access.action":"Was","access.entries":"Aufnahmen","access.played":"Angehört","access.exported":"Kopiert","access.deleted":"Gelöscht","access.changed":"Geändert","access.more":"Ältere"},Js=Object.freeze(Object.defineProperty({__proto__:null,de:Ys},Symbol.toStringTag,{value:"Module"}));

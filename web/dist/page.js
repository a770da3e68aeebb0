const ce=(function(){const t=typeof document<"u"&&document.createElement("link").relList;return t&&t.supports&&t.supports("modulepreload")?"modulepreload":"preload"})(),de=function(o,t){return new URL(o,t).href},Ct={},Q=function(t,e,i){let s=Promise.resolve();if(e&&e.length>0){let f=function(p){return Promise.all(p.map(d=>Promise.resolve(d).then(m=>({status:"fulfilled",value:m}),m=>({status:"rejected",reason:m}))))};const r=document.getElementsByTagName("link"),a=document.querySelector("meta[property=csp-nonce]"),l=a?.nonce||a?.getAttribute("nonce");s=f(e.map(p=>{if(p=de(p,i),p in Ct)return;Ct[p]=!0;const d=p.endsWith(".css"),m=d?'[rel="stylesheet"]':"";if(i)for(let g=r.length-1;g>=0;g--){const v=r[g];if(v.href===p&&(!d||v.rel==="stylesheet"))return}else if(document.querySelector(`link[href="${p}"]${m}`))return;const u=document.createElement("link");if(u.rel=d?"stylesheet":ce,d||(u.as="script"),u.crossOrigin="",u.href=p,l&&u.setAttribute("nonce",l),document.head.appendChild(u),d)return new Promise((g,v)=>{u.addEventListener("load",g),u.addEventListener("error",()=>v(new Error(`Unable to preload CSS for ${p}`)))})}))}function n(r){const a=new Event("vite:preloadError",{cancelable:!0});if(a.payload=r,window.dispatchEvent(a),!a.defaultPrevented)throw r}return s.then(r=>{for(const a of r||[])a.status==="rejected"&&n(a.reason);return t().catch(n)})};const at=globalThis,kt=at.ShadowRoot&&(at.ShadyCSS===void 0||at.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype,_t=Symbol(),Tt=new WeakMap;let Qt=class{constructor(t,e,i){if(this._$cssResult$=!0,i!==_t)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=t,this.t=e}get styleSheet(){let t=this.o;const e=this.t;if(kt&&t===void 0){const i=e!==void 0&&e.length===1;i&&(t=Tt.get(e)),t===void 0&&((this.o=t=new CSSStyleSheet).replaceSync(this.cssText),i&&Tt.set(e,t))}return t}toString(){return this.cssText}};const he=o=>new Qt(typeof o=="string"?o:o+"",void 0,_t),P=(o,...t)=>{const e=o.length===1?o[0]:t.reduce((i,s,n)=>i+(r=>{if(r._$cssResult$===!0)return r.cssText;if(typeof r=="number")return r;throw Error("Value passed to 'css' function must be a 'css' function result: "+r+". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.")})(s)+o[n+1],o[0]);return new Qt(e,o,_t)},pe=(o,t)=>{if(kt)o.adoptedStyleSheets=t.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(const e of t){const i=document.createElement("style"),s=at.litNonce;s!==void 0&&i.setAttribute("nonce",s),i.textContent=e.cssText,o.appendChild(i)}},Pt=kt?o=>o:o=>o instanceof CSSStyleSheet?(t=>{let e="";for(const i of t.cssRules)e+=i.cssText;return he(e)})(o):o;const{is:ue,defineProperty:fe,getOwnPropertyDescriptor:me,getOwnPropertyNames:ge,getOwnPropertySymbols:$e,getPrototypeOf:ye}=Object,dt=globalThis,zt=dt.trustedTypes,we=zt?zt.emptyScript:"",ve=dt.reactiveElementPolyfillSupport,X=(o,t)=>o,lt={toAttribute(o,t){switch(t){case Boolean:o=o?we:null;break;case Object:case Array:o=o==null?o:JSON.stringify(o)}return o},fromAttribute(o,t){let e=o;switch(t){case Boolean:e=o!==null;break;case Number:e=o===null?null:Number(o);break;case Object:case Array:try{e=JSON.parse(o)}catch{e=null}}return e}},xt=(o,t)=>!ue(o,t),Ot={attribute:!0,type:String,converter:lt,reflect:!1,useDefault:!1,hasChanged:xt};Symbol.metadata??=Symbol("metadata"),dt.litPropertyMetadata??=new WeakMap;let j=class extends HTMLElement{static addInitializer(t){this._$Ei(),(this.l??=[]).push(t)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(t,e=Ot){if(e.state&&(e.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(t)&&((e=Object.create(e)).wrapped=!0),this.elementProperties.set(t,e),!e.noAccessor){const i=Symbol(),s=this.getPropertyDescriptor(t,i,e);s!==void 0&&fe(this.prototype,t,s)}}static getPropertyDescriptor(t,e,i){const{get:s,set:n}=me(this.prototype,t)??{get(){return this[e]},set(r){this[e]=r}};return{get:s,set(r){const a=s?.call(this);n?.call(this,r),this.requestUpdate(t,a,i)},configurable:!0,enumerable:!0}}static getPropertyOptions(t){return this.elementProperties.get(t)??Ot}static _$Ei(){if(this.hasOwnProperty(X("elementProperties")))return;const t=ye(this);t.finalize(),t.l!==void 0&&(this.l=[...t.l]),this.elementProperties=new Map(t.elementProperties)}static finalize(){if(this.hasOwnProperty(X("finalized")))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(X("properties"))){const e=this.properties,i=[...ge(e),...$e(e)];for(const s of i)this.createProperty(s,e[s])}const t=this[Symbol.metadata];if(t!==null){const e=litPropertyMetadata.get(t);if(e!==void 0)for(const[i,s]of e)this.elementProperties.set(i,s)}this._$Eh=new Map;for(const[e,i]of this.elementProperties){const s=this._$Eu(e,i);s!==void 0&&this._$Eh.set(s,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(t){const e=[];if(Array.isArray(t)){const i=new Set(t.flat(1/0).reverse());for(const s of i)e.unshift(Pt(s))}else t!==void 0&&e.push(Pt(t));return e}static _$Eu(t,e){const i=e.attribute;return i===!1?void 0:typeof i=="string"?i:typeof t=="string"?t.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(t=>this.enableUpdating=t),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(t=>t(this))}addController(t){(this._$EO??=new Set).add(t),this.renderRoot!==void 0&&this.isConnected&&t.hostConnected?.()}removeController(t){this._$EO?.delete(t)}_$E_(){const t=new Map,e=this.constructor.elementProperties;for(const i of e.keys())this.hasOwnProperty(i)&&(t.set(i,this[i]),delete this[i]);t.size>0&&(this._$Ep=t)}createRenderRoot(){const t=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return pe(t,this.constructor.elementStyles),t}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(t=>t.hostConnected?.())}enableUpdating(t){}disconnectedCallback(){this._$EO?.forEach(t=>t.hostDisconnected?.())}attributeChangedCallback(t,e,i){this._$AK(t,i)}_$ET(t,e){const i=this.constructor.elementProperties.get(t),s=this.constructor._$Eu(t,i);if(s!==void 0&&i.reflect===!0){const n=(i.converter?.toAttribute!==void 0?i.converter:lt).toAttribute(e,i.type);this._$Em=t,n==null?this.removeAttribute(s):this.setAttribute(s,n),this._$Em=null}}_$AK(t,e){const i=this.constructor,s=i._$Eh.get(t);if(s!==void 0&&this._$Em!==s){const n=i.getPropertyOptions(s),r=typeof n.converter=="function"?{fromAttribute:n.converter}:n.converter?.fromAttribute!==void 0?n.converter:lt;this._$Em=s;const a=r.fromAttribute(e,n.type);this[s]=a??this._$Ej?.get(s)??a,this._$Em=null}}requestUpdate(t,e,i,s=!1,n){if(t!==void 0){const r=this.constructor;if(s===!1&&(n=this[t]),i??=r.getPropertyOptions(t),!((i.hasChanged??xt)(n,e)||i.useDefault&&i.reflect&&n===this._$Ej?.get(t)&&!this.hasAttribute(r._$Eu(t,i))))return;this.C(t,e,i)}this.isUpdatePending===!1&&(this._$ES=this._$EP())}C(t,e,{useDefault:i,reflect:s,wrapped:n},r){i&&!(this._$Ej??=new Map).has(t)&&(this._$Ej.set(t,r??e??this[t]),n!==!0||r!==void 0)||(this._$AL.has(t)||(this.hasUpdated||i||(e=void 0),this._$AL.set(t,e)),s===!0&&this._$Em!==t&&(this._$Eq??=new Set).add(t))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}const t=this.scheduleUpdate();return t!=null&&await t,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(const[s,n]of this._$Ep)this[s]=n;this._$Ep=void 0}const i=this.constructor.elementProperties;if(i.size>0)for(const[s,n]of i){const{wrapped:r}=n,a=this[s];r!==!0||this._$AL.has(s)||a===void 0||this.C(s,void 0,n,a)}}let t=!1;const e=this._$AL;try{t=this.shouldUpdate(e),t?(this.willUpdate(e),this._$EO?.forEach(i=>i.hostUpdate?.()),this.update(e)):this._$EM()}catch(i){throw t=!1,this._$EM(),i}t&&this._$AE(e)}willUpdate(t){}_$AE(t){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(t)),this.updated(t)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(t){return!0}update(t){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(t){}firstUpdated(t){}};j.elementStyles=[],j.shadowRootOptions={mode:"open"},j[X("elementProperties")]=new Map,j[X("finalized")]=new Map,ve?.({ReactiveElement:j}),(dt.reactiveElementVersions??=[]).push("2.1.2");const At=globalThis,Rt=o=>o,ct=At.trustedTypes,Ut=ct?ct.createPolicy("lit-html",{createHTML:o=>o}):void 0,Xt="$lit$",C=`lit$${Math.random().toFixed(9).slice(2)}$`,te="?"+C,be=`<${te}>`,D=document,et=()=>D.createComment(""),st=o=>o===null||typeof o!="object"&&typeof o!="function",St=Array.isArray,ke=o=>St(o)||typeof o?.[Symbol.iterator]=="function",gt=`[ 	
\f\r]`,Y=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,Lt=/-->/g,Dt=/>/g,O=RegExp(`>|${gt}(?:([^\\s"'>=/]+)(${gt}*=${gt}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),Nt=/'/g,It=/"/g,ee=/^(?:script|style|textarea|title)$/i,se=o=>(t,...e)=>({_$litType$:o,strings:t,values:e}),c=se(1),_e=se(2),N=Symbol.for("lit-noChange"),h=Symbol.for("lit-nothing"),Ht=new WeakMap,U=D.createTreeWalker(D,129);function ie(o,t){if(!St(o)||!o.hasOwnProperty("raw"))throw Error("invalid template strings array");return Ut!==void 0?Ut.createHTML(t):t}const xe=(o,t)=>{const e=o.length-1,i=[];let s,n=t===2?"<svg>":t===3?"<math>":"",r=Y;for(let a=0;a<e;a++){const l=o[a];let f,p,d=-1,m=0;for(;m<l.length&&(r.lastIndex=m,p=r.exec(l),p!==null);)m=r.lastIndex,r===Y?p[1]==="!--"?r=Lt:p[1]!==void 0?r=Dt:p[2]!==void 0?(ee.test(p[2])&&(s=RegExp("</"+p[2],"g")),r=O):p[3]!==void 0&&(r=O):r===O?p[0]===">"?(r=s??Y,d=-1):p[1]===void 0?d=-2:(d=r.lastIndex-p[2].length,f=p[1],r=p[3]===void 0?O:p[3]==='"'?It:Nt):r===It||r===Nt?r=O:r===Lt||r===Dt?r=Y:(r=O,s=void 0);const u=r===O&&o[a+1].startsWith("/>")?" ":"";n+=r===Y?l+be:d>=0?(i.push(f),l.slice(0,d)+Xt+l.slice(d)+C+u):l+C+(d===-2?a:u)}return[ie(o,n+(o[e]||"<?>")+(t===2?"</svg>":t===3?"</math>":"")),i]};class it{constructor({strings:t,_$litType$:e},i){let s;this.parts=[];let n=0,r=0;const a=t.length-1,l=this.parts,[f,p]=xe(t,e);if(this.el=it.createElement(f,i),U.currentNode=this.el.content,e===2||e===3){const d=this.el.content.firstChild;d.replaceWith(...d.childNodes)}for(;(s=U.nextNode())!==null&&l.length<a;){if(s.nodeType===1){if(s.hasAttributes())for(const d of s.getAttributeNames())if(d.endsWith(Xt)){const m=p[r++],u=s.getAttribute(d).split(C),g=/([.?@])?(.*)/.exec(m);l.push({type:1,index:n,name:g[2],strings:u,ctor:g[1]==="."?Se:g[1]==="?"?Ee:g[1]==="@"?Me:ht}),s.removeAttribute(d)}else d.startsWith(C)&&(l.push({type:6,index:n}),s.removeAttribute(d));if(ee.test(s.tagName)){const d=s.textContent.split(C),m=d.length-1;if(m>0){s.textContent=ct?ct.emptyScript:"";for(let u=0;u<m;u++)s.append(d[u],et()),U.nextNode(),l.push({type:2,index:++n});s.append(d[m],et())}}}else if(s.nodeType===8)if(s.data===te)l.push({type:2,index:n});else{let d=-1;for(;(d=s.data.indexOf(C,d+1))!==-1;)l.push({type:7,index:n}),d+=C.length-1}n++}}static createElement(t,e){const i=D.createElement("template");return i.innerHTML=t,i}}function B(o,t,e=o,i){if(t===N)return t;let s=i!==void 0?e._$Co?.[i]:e._$Cl;const n=st(t)?void 0:t._$litDirective$;return s?.constructor!==n&&(s?._$AO?.(!1),n===void 0?s=void 0:(s=new n(o),s._$AT(o,e,i)),i!==void 0?(e._$Co??=[])[i]=s:e._$Cl=s),s!==void 0&&(t=B(o,s._$AS(o,t.values),s,i)),t}class Ae{constructor(t,e){this._$AV=[],this._$AN=void 0,this._$AD=t,this._$AM=e}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(t){const{el:{content:e},parts:i}=this._$AD,s=(t?.creationScope??D).importNode(e,!0);U.currentNode=s;let n=U.nextNode(),r=0,a=0,l=i[0];for(;l!==void 0;){if(r===l.index){let f;l.type===2?f=new V(n,n.nextSibling,this,t):l.type===1?f=new l.ctor(n,l.name,l.strings,this,t):l.type===6&&(f=new Ce(n,this,t)),this._$AV.push(f),l=i[++a]}r!==l?.index&&(n=U.nextNode(),r++)}return U.currentNode=D,s}p(t){let e=0;for(const i of this._$AV)i!==void 0&&(i.strings!==void 0?(i._$AI(t,i,e),e+=i.strings.length-2):i._$AI(t[e])),e++}}class V{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(t,e,i,s){this.type=2,this._$AH=h,this._$AN=void 0,this._$AA=t,this._$AB=e,this._$AM=i,this.options=s,this._$Cv=s?.isConnected??!0}get parentNode(){let t=this._$AA.parentNode;const e=this._$AM;return e!==void 0&&t?.nodeType===11&&(t=e.parentNode),t}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(t,e=this){t=B(this,t,e),st(t)?t===h||t==null||t===""?(this._$AH!==h&&this._$AR(),this._$AH=h):t!==this._$AH&&t!==N&&this._(t):t._$litType$!==void 0?this.$(t):t.nodeType!==void 0?this.T(t):ke(t)?this.k(t):this._(t)}O(t){return this._$AA.parentNode.insertBefore(t,this._$AB)}T(t){this._$AH!==t&&(this._$AR(),this._$AH=this.O(t))}_(t){this._$AH!==h&&st(this._$AH)?this._$AA.nextSibling.data=t:this.T(D.createTextNode(t)),this._$AH=t}$(t){const{values:e,_$litType$:i}=t,s=typeof i=="number"?this._$AC(t):(i.el===void 0&&(i.el=it.createElement(ie(i.h,i.h[0]),this.options)),i);if(this._$AH?._$AD===s)this._$AH.p(e);else{const n=new Ae(s,this),r=n.u(this.options);n.p(e),this.T(r),this._$AH=n}}_$AC(t){let e=Ht.get(t.strings);return e===void 0&&Ht.set(t.strings,e=new it(t)),e}k(t){St(this._$AH)||(this._$AH=[],this._$AR());const e=this._$AH;let i,s=0;for(const n of t)s===e.length?e.push(i=new V(this.O(et()),this.O(et()),this,this.options)):i=e[s],i._$AI(n),s++;s<e.length&&(this._$AR(i&&i._$AB.nextSibling,s),e.length=s)}_$AR(t=this._$AA.nextSibling,e){for(this._$AP?.(!1,!0,e);t!==this._$AB;){const i=Rt(t).nextSibling;Rt(t).remove(),t=i}}setConnected(t){this._$AM===void 0&&(this._$Cv=t,this._$AP?.(t))}}class ht{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(t,e,i,s,n){this.type=1,this._$AH=h,this._$AN=void 0,this.element=t,this.name=e,this._$AM=s,this.options=n,i.length>2||i[0]!==""||i[1]!==""?(this._$AH=Array(i.length-1).fill(new String),this.strings=i):this._$AH=h}_$AI(t,e=this,i,s){const n=this.strings;let r=!1;if(n===void 0)t=B(this,t,e,0),r=!st(t)||t!==this._$AH&&t!==N,r&&(this._$AH=t);else{const a=t;let l,f;for(t=n[0],l=0;l<n.length-1;l++)f=B(this,a[i+l],e,l),f===N&&(f=this._$AH[l]),r||=!st(f)||f!==this._$AH[l],f===h?t=h:t!==h&&(t+=(f??"")+n[l+1]),this._$AH[l]=f}r&&!s&&this.j(t)}j(t){t===h?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,t??"")}}class Se extends ht{constructor(){super(...arguments),this.type=3}j(t){this.element[this.name]=t===h?void 0:t}}class Ee extends ht{constructor(){super(...arguments),this.type=4}j(t){this.element.toggleAttribute(this.name,!!t&&t!==h)}}class Me extends ht{constructor(t,e,i,s,n){super(t,e,i,s,n),this.type=5}_$AI(t,e=this){if((t=B(this,t,e,0)??h)===N)return;const i=this._$AH,s=t===h&&i!==h||t.capture!==i.capture||t.once!==i.once||t.passive!==i.passive,n=t!==h&&(i===h||s);s&&this.element.removeEventListener(this.name,this,i),n&&this.element.addEventListener(this.name,this,t),this._$AH=t}handleEvent(t){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,t):this._$AH.handleEvent(t)}}class Ce{constructor(t,e,i){this.element=t,this.type=6,this._$AN=void 0,this._$AM=e,this.options=i}get _$AU(){return this._$AM._$AU}_$AI(t){B(this,t)}}const Te={I:V},Pe=At.litHtmlPolyfillSupport;Pe?.(it,V),(At.litHtmlVersions??=[]).push("3.3.3");const ze=(o,t,e)=>{const i=e?.renderBefore??t;let s=i._$litPart$;if(s===void 0){const n=e?.renderBefore??null;i._$litPart$=s=new V(t.insertBefore(et(),n),n,void 0,e??{})}return s._$AI(o),s};const Et=globalThis;let x=class extends j{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){const t=super.createRenderRoot();return this.renderOptions.renderBefore??=t.firstChild,t}update(t){const e=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(t),this._$Do=ze(e,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return N}};x._$litElement$=!0,x.finalized=!0,Et.litElementHydrateSupport?.({LitElement:x});const Oe=Et.litElementPolyfillSupport;Oe?.({LitElement:x});(Et.litElementVersions??=[]).push("4.2.2");const Re={attribute:!0,type:String,converter:lt,reflect:!1,hasChanged:xt},Ue=(o=Re,t,e)=>{const{kind:i,metadata:s}=e;let n=globalThis.litPropertyMetadata.get(s);if(n===void 0&&globalThis.litPropertyMetadata.set(s,n=new Map),i==="setter"&&((o=Object.create(o)).wrapped=!0),n.set(e.name,o),i==="accessor"){const{name:r}=e;return{set(a){const l=t.get.call(this);t.set.call(this,a),this.requestUpdate(r,l,o,!0,a)},init(a){return a!==void 0&&this.C(r,void 0,o,a),a}}}if(i==="setter"){const{name:r}=e;return function(a){const l=this[r];t.call(this,a),this.requestUpdate(r,l,o,!0,a)}}throw Error("Unsupported decorator location: "+i)};function y(o){return(t,e)=>typeof e=="object"?Ue(o,t,e):((i,s,n)=>{const r=s.hasOwnProperty(n);return s.constructor.createProperty(n,i),r?Object.getOwnPropertyDescriptor(s,n):void 0})(o,t,e)}function $(o){return y({...o,state:!0,attribute:!1})}const Le=(o,t,e)=>(e.configurable=!0,e.enumerable=!0,Reflect.decorate&&typeof t!="object"&&Object.defineProperty(o,t,e),e);function oe(o,t){return(e,i,s)=>{const n=r=>r.renderRoot?.querySelector(o)??null;return Le(e,i,{get(){return n(this)}})}}class De extends Error{constructor(t,e){super(e),this.code=t}}class Ne{constructor(t=document.baseURI){this.base=t}async session(){return await(await fetch(this.url("session"),{credentials:"same-origin",cache:"no-store"})).json()}requestCode(){return this.#t("code/request",{})}withCode(t){return this.#t("code",{code:t})}withToken(t){return this.#t("token",{access_token:t})}signOut(){return this.#t("sign_out",{})}url(t){return new URL(`auth/${t}`,this.base).href}async#t(t,e){const i=await fetch(this.url(t),{method:"POST",credentials:"same-origin",headers:{"Content-Type":"application/json"},body:JSON.stringify(e)});if(i.ok)return;const{code:s,message:n}=await i.json().catch(()=>({}));throw new De(s??"unknown_error",n??i.statusText)}}class E extends Error{constructor(t,e){super(e),this.code=t}}const $t=500,Ie=1e4,He=3e4;class je{constructor(t=document.baseURI){this.base=t,this.link="offline",this.role="read",this.name="",this.timeZone="",this.version="",this.#s=0,this.#i=new Map,this.#e=new Map,this.#o=new Set,this.#r=$t,this.#n=Promise.resolve(!0),this.#c=()=>{this.link!=="offline"||document.visibilityState==="hidden"||(clearTimeout(this.#a),this.#u())}}#t;#s;#i;#e;#o;#r;#a;#n;open(t){this.close(),this.#n=t,this.#r=$t,addEventListener("online",this.#c),document.addEventListener("visibilitychange",this.#c),this.#u()}close(){removeEventListener("online",this.#c),document.removeEventListener("visibilitychange",this.#c),clearTimeout(this.#a);const t=this.#t;this.#t=void 0,t?.close(),this.#m()}watch(t){return this.#o.add(t),()=>this.#o.delete(t)}call(t,e={}){return this.#f(t,e).answer}async subscribe(t,e,i){const{id:s,answer:n}=this.#f(t,e);this.#e.set(s,i);const r=this.#t;try{await n}catch(a){throw this.#e.delete(s),a}return()=>{r!==this.#t||!this.#e.delete(s)||this.call("unsubscribe_events",{subscription:s}).catch(()=>{})}}url(t,e=!1){return new URL(e?`${t}&download`:t,this.base).href}#f(t,e){const i=++this.#s,s=new Promise((n,r)=>{if(this.link!=="ready"){r(new E("offline",""));return}const a=setTimeout(()=>this.#p(i)?.reject(new E("timeout","")),He);this.#i.set(i,{resolve:n,reject:r,timer:a}),this.#t?.send(JSON.stringify({...e,id:i,type:t}))});return{id:i,answer:s}}#p(t){const e=this.#i.get(t);return clearTimeout(e?.timer),this.#i.delete(t),e}#u(){const t=new URL("api/websocket",this.base);t.protocol=t.protocol.replace("http","ws"),t.hash="";const e=new WebSocket(t);this.#t=e,this.#s=0,this.#d("connecting"),e.addEventListener("message",i=>{e===this.#t&&this.#h(JSON.parse(i.data))}),e.addEventListener("close",()=>{e===this.#t&&this.#$()})}#h(t){switch(t.type){case"auth_required":this.#g(this.#t);break;case"auth_ok":this.#r=$t,this.role=t.role??"read",this.name=t.name??"",this.timeZone=t.time_zone??"",this.version=t.earshot_version??"",this.#d("ready");break;case"auth_invalid":this.close(),this.#d("refused");break;case"result":{const e=this.#p(t.id);t.success?e?.resolve(t.result):e?.reject(new E(t.error?.code??"unknown_error",t.error?.message??""));break}case"event":this.#e.get(t.id)?.(t.event);break}}async#g(t){await this.#n?t?.readyState===WebSocket.OPEN&&t.send(JSON.stringify({type:"auth"})):t?.close()}#c;#$(){this.#t=void 0,this.#m(),this.#a=setTimeout(()=>this.#u(),this.#r*(.75+Math.random()/2)),this.#r=Math.min(this.#r*2,Ie)}#m(){this.#e.clear();for(const t of[...this.#i.keys()])this.#p(t)?.reject(new E("offline",""));this.#d("offline")}#d(t){if(this.link!==t){this.link=t;for(const e of[...this.#o])e()}}}const Be={number:"{n}",cancel:"Cancel",back:"Back",close:"Close",again:"Try again","day.today":"Today","day.yesterday":"Yesterday","list.count":{one:"{n} recording",other:"{n} recordings"},"list.new":"{n} new","list.loading":"Loading…","list.no_match":"No recordings match.","list.empty":"No recordings yet.","list.empty_word":"No recordings yet. Say “{word}” and what you want.","list.paused":"Recordings are not saved.","list.paused_at":"Recordings are not saved: {names}.","link.offline":"Reconnecting…","row.said":"“{text}”","row.not_intended":"Text not available — audio not intended for the assistant","row.no_text":"No text","row.select":"Select: {title}","row.play":"Play","row.pause":"Pause","row.no_audio":"No audio is kept","row.play_failed":"It can no longer be played.","row.delete":"Delete: {title}","row.details":"Details","row.kept":"Kept","outcome.understood":"Understood","outcome.not_understood":"Not understood","outcome.not_intended":"Not intended","outcome.failed":"Failed","outcome.cancelled":"Cancelled","outcome.elsewhere":"Answered elsewhere","outcome.recorded":"Recorded","label.mistake":"Mistake","label.correct":"Correct","label.set.mistake":"It woke by mistake","label.set.correct":"It was meant","details.heard":"Heard","details.why":"Why it woke","details.score":"{word} scored {score}; {limit} was needed.","details.speech_end_ms":"Speech ended after","details.transcript_ms":"Text after","details.reply_ms":"Reply after","details.intent":"Action","details.error":"Problem","details.keep":"Keep","details.download":"Download","wave.label":"Position","wave.position":"{at} of {of}","filter.text":"Search what was said","filter.more":"Filter","filter.period":"Period","filter.first":"From","filter.last":"Until","filter.satellite":"Microphone","filter.any_satellite":"All microphones","filter.wake_word":"Wake word","filter.any_wake_word":"All wake words","filter.mark":"Mark","filter.any_mark":"Marked or not","filter.outcome":"Outcome","filter.all":"All","filter.clear":"Clear filters","period.all":"All time","period.custom":"Choose days…","period.last_hour":"Last hour","period.today":"Today","period.yesterday":"Yesterday","period.this_week":"This week","period.last_7_days":"Last 7 days","period.this_month":"This month","period.last_30_days":"Last 30 days","select.begin":"Select","select.end":"End selection","select.toolbar":"Selected recordings","select.count":"{n} selected","select.all":"Select all {n} that match","delete.open":"Delete…","delete.title":"Delete recordings","delete.only":"Only these","delete.what":"What goes","what.all":"Audio and text","what.audio":"Audio only, the text stays","what.text":"Text only, the audio stays","delete.include_kept":"Also those that are kept","delete.counting":"Counting…","delete.none":"There is nothing to delete.","delete.summary":{one:"{n} recording of {newest}, {length}, {size}.",other:"{n} recordings from {oldest} to {newest}, {length}, {size}."},"delete.kept":{one:"{n} that is kept stays.",other:"{n} that are kept stay."},"delete.next":"Delete {n}…","delete.question":{one:"Delete {n} recording?",other:"Delete {n} recordings?"},"delete.cost.all":"Audio and text are wiped from this bridge. This cannot be undone.","delete.cost.audio":"The audio is wiped from this bridge; the text stays. This cannot be undone.","delete.cost.text":"Text and reply are wiped from this bridge; the audio stays. This cannot be undone.","delete.cost.tune":"They can no longer be used to find out why the assistant woke, or to improve wake words.","delete.in_progress":{one:"{n} that is being recorded right now is dropped.",other:"{n} that are being recorded right now are dropped."},"delete.working":"Deleting…","delete.do":"Delete {n}","delete.again":"This has changed, and is counted anew. Nothing was deleted.","receipt.title":{one:"{n} recording deleted",other:"{n} recordings deleted"},"receipt.size":"{length} of audio, {size}.","receipt.discarded":{one:"{n} that was being recorded was dropped.",other:"{n} that were being recorded were dropped."},"receipt.failed":"{n} could not be deleted; the log of the bridge says why.","receipt.remains":"Elsewhere remains:","receipt.id":"Receipt","error.offline":"The bridge cannot be reached.","error.timeout":"The bridge does not answer.","error.unauthorized":"You may not do that. An administrator may.","page.history":"History","page.microphones":"Microphones","page.privacy":"Privacy","page.access":"Access log","page.sign_out":"Sign out","page.signed_in":"Signed in as {name}","page.sections":"Sections","hass.title":"Voice history","hass.all":"All recordings","hass.bridge":"Bridge","hass.none":"No bridge is set up. Add Earshot under Devices & services.","hass.none_for_you":"You may not see the voice history. Who looks after Home Assistant can change that.","pair.code":"“{name}” wants to use this bridge. If that is you, type this code there: {code}","sign.title":"Sign in","sign.why":"Your recordings are private: only this household may see them.","sign.home_assistant":"Sign in with Home Assistant","sign.code":"Sign in with a code","sign.code_why":"A code of eight digits is written to the log of the bridge.","sign.code_request":"Write a code to the log","sign.code_field":"Code from the log","sign.token":"Sign in with an access token","sign.token_field":"Access token","sign.do":"Sign in","sign.wrong":"That was not right. Try again, or ask for a new one.","sign.busy":"Too many attempts. Wait a minute.","sign.refused":"Home Assistant did not let you in, or you may not see this.","sign.failed":"That did not work. The log of the bridge says why.","sign.expired":"That took too long. Try again.","mic.none":"No microphone is configured.","mic.state.opening":"Opening…","mic.state.listening":"Listening","mic.state.muted":"Muted","mic.state.lost":"Not hearing","mic.state.ended":"Ended","mic.doing.processing":"Processing","mic.doing.responding":"Answering","mic.doing.listening":"Hearing a command","mic.level":"Level","mic.dbfs":"{n} dBFS","mic.mute":"Mute","mic.unmute":"Unmute","mic.device":"Device","mic.last_heard":"Last woke","mic.dropped":{one:"{n} piece of sound was lost",other:"{n} pieces of sound were lost"},"mic.never":"never","mic.active":"Listen for “{word}”","mic.threshold":"Probability cutoff of “{word}”","mic.threshold_help":"Higher: fewer mistakes. Lower: hears you from further away.","mic.test":"Test","mic.testing":"Say “{word}” now. Nothing is recorded.","mic.test_stop":"Stop","mic.test_heard":"Heard: {word}, {score}.","mic.test_best":"Not heard. The best was {score}; {limit} is needed.","mic.curve":"Scores of the last seconds","privacy.title":"Manage how your data is used","privacy.saved":"What is saved","privacy.save.audio+text":"Audio and text","privacy.save.audio+text_why":"You can listen to what was recorded, see why the assistant woke, and delete it.","privacy.save.text":"Text only","privacy.save.text_why":"You see what was understood, but cannot listen to it.","privacy.save.nothing":"Nothing","privacy.save.nothing_why":"You cannot find out afterwards why the assistant woke or did something. What is stored already stays until you delete it.","privacy.keep":"How long","privacy.understood":"Commands","privacy.not_intended":"Not intended","privacy.failed":"Failed","privacy.age.never":"Until I delete it","privacy.age.18m":"18 months","privacy.age.3m":"3 months","privacy.age.30d":"30 days","privacy.age.7d":"7 days","privacy.age.24h":"24 hours","privacy.due":{one:"On {at}, {n} recording is deleted because it is too old or too much.",other:"On {at}, {n} recordings are deleted because they are too old or too much."},"privacy.run":"Delete these now","privacy.limit_size":"At most, MB of audio","privacy.limit_entries":"At most, recordings","privacy.no_limit":"0 means no limit. The oldest go first.","privacy.improve":"Help improve the wake words","privacy.improve_why":"Recordings that you mark as mistake or as correct are kept beyond their usual age, as examples for your wake words. They stay on this machine, and leave it only in a copy that you take yourself. Switching this off, or deleting a recording, ends that.","privacy.export":"Take a copy","privacy.export_why":"A ZIP archive with every recording and its text.","privacy.export_do":"Download everything","privacy.saved_now":"Saved","access.none":"Nobody has done anything yet.","access.at":"When","access.who":"Who","access.action":"What","access.entries":"Recordings","access.played":"Played","access.exported":"Exported","access.deleted":"Deleted","access.changed":"Changed","access.more":"Older ones"},qe={de:async()=>(await Q(async()=>{const{de:o}=await import("./de.js");return{de:o}},[],import.meta.url)).de};class L{constructor(t="en",e=Be){this.locale=t,this.catalogue=e,this.#t=new Intl.PluralRules(t),this.#s=new Intl.NumberFormat(t)}#t;#s;static async load(t){for(const e of t){const i=e.split("-")[0].toLowerCase();if(i==="en")return new L(e);const s=qe[i];if(s)return new L(e,await s())}return new L}t(t,e={}){const i=this.catalogue[t];return(typeof i=="string"?i:this.#t.select(Number(e.n))==="one"?i.one:i.other).replace(/\{(\w+)\}/g,(n,r)=>{const a=e[r]??"";return typeof a=="number"?this.#s.format(a):a})}}function W(o,t){customElements.get(o)||customElements.define(o,t)}const Ve={play:"M8 5.5v13l10.5-6.5z",pause:"M8.5 5.5v13M15.5 5.5v13",delete:"M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v6M13.5 10.5v6",more:"M6 9.5l6 6 6-6",less:"M6 14.5l6-6 6 6",keep:"M7.5 11V8a4.5 4.5 0 0 1 9 0v3M6 11h12v9H6z",download:"M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19.5h14",close:"M6 6l12 12M18 6L6 18",search:"M15.5 15.5L20 20M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13z",filter:"M4 6.5h16M7 12h10M10 17.5h4",up:"M12 19V5.5M6 11l6-6 6 6",microphone:"M12 14.5a3 3 0 0 1-3-3v-5a3 3 0 0 1 6 0v5a3 3 0 0 1-3 3zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3.5",muted:"M9 9v2.5a3 3 0 0 0 4.5 2.6M15 11V6.5a3 3 0 0 0-5.7-1.3M6.5 11.5a5.5 5.5 0 0 0 8.6 4.5M12 17v3.5M4 4l16 16",understood:"M5 12.5l4.5 4.5L19 7.5",not_understood:"M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1M12 17.7v.3",not_intended:"M12 19.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM6.7 6.7l10.6 10.6",failed:"M12 4.5l8.5 15h-17zM12 10v4.5M12 17v.3",cancelled:"M12 19.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM9.5 9.5l5 5M14.5 9.5l-5 5",elsewhere:"M5 12h13M13 6.5l5.5 5.5-5.5 5.5",recorded:"M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10z",history:"M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9M4.5 4.5V9H9M12 8v4.5l3 2",list:"M5 7h14M5 12h14M5 17h9",shield:"M12 4l6.5 2.5v5c0 4-2.7 7-6.5 8.5-3.8-1.5-6.5-4.5-6.5-8.5v-5z",leave:"M13 5H6v14h7M10.5 12H20M16.5 8.5L20 12l-3.5 3.5",mistake:"M7 4h9.5l2 7v3h-5.5l1 5.5L9.5 14H7zM4.5 4v10",correct:"M7 20h9.5l2-7v-3h-5.5l1-5.5L9.5 10H7zM4.5 20V10"},We=["play","recorded"];function w(o){return c`<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2"
stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${_e`<path d=${Ve[o]} fill=${We.includes(o)?"currentColor":"none"} />`}</svg>`}const pt=P`
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
`,ut=P`
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
`;const Fe={CHILD:2},Ze=o=>(...t)=>({_$litDirective$:o,values:t});let Ke=class{constructor(t){}get _$AU(){return this._$AM._$AU}_$AT(t,e,i){this._$Ct=t,this._$AM=e,this._$Ci=i}_$AS(t,e){return this.update(t,e)}update(t,e){return this.render(...e)}};const{I:Ye}=Te,jt=o=>o,Bt=()=>document.createComment(""),J=(o,t,e)=>{const i=o._$AA.parentNode,s=t===void 0?o._$AB:t._$AA;if(e===void 0){const n=i.insertBefore(Bt(),s),r=i.insertBefore(Bt(),s);e=new Ye(n,r,o,o.options)}else{const n=e._$AB.nextSibling,r=e._$AM,a=r!==o;if(a){let l;e._$AQ?.(o),e._$AM=o,e._$AP!==void 0&&(l=o._$AU)!==r._$AU&&e._$AP(l)}if(n!==s||a){let l=e._$AA;for(;l!==n;){const f=jt(l).nextSibling;jt(i).insertBefore(l,s),l=f}}}return e},R=(o,t,e=o)=>(o._$AI(t,e),o),Je={},Ge=(o,t=Je)=>o._$AH=t,Qe=o=>o._$AH,yt=o=>{o._$AR(),o._$AA.remove()};const qt=(o,t,e)=>{const i=new Map;for(let s=t;s<=e;s++)i.set(o[s],s);return i},re=Ze(class extends Ke{constructor(o){if(super(o),o.type!==Fe.CHILD)throw Error("repeat() can only be used in text expressions")}dt(o,t,e){let i;e===void 0?e=t:t!==void 0&&(i=t);const s=[],n=[];let r=0;for(const a of o)s[r]=i?i(a,r):r,n[r]=e(a,r),r++;return{values:n,keys:s}}render(o,t,e){return this.dt(o,t,e).values}update(o,[t,e,i]){const s=Qe(o),{values:n,keys:r}=this.dt(t,e,i);if(!Array.isArray(s))return this.ut=r,n;const a=this.ut??=[],l=[];let f,p,d=0,m=s.length-1,u=0,g=n.length-1;for(;d<=m&&u<=g;)if(s[d]===null)d++;else if(s[m]===null)m--;else if(a[d]===r[u])l[u]=R(s[d],n[u]),d++,u++;else if(a[m]===r[g])l[g]=R(s[m],n[g]),m--,g--;else if(a[d]===r[g])l[g]=R(s[d],n[g]),J(o,l[g+1],s[d]),d++,g--;else if(a[m]===r[u])l[u]=R(s[m],n[u]),J(o,s[d],s[m]),m--,u++;else if(f===void 0&&(f=qt(r,u,g),p=qt(a,d,m)),f.has(a[d]))if(f.has(a[m])){const v=p.get(r[u]),z=v!==void 0?s[v]:null;if(z===null){const K=J(o,s[d]);R(K,n[u]),l[u]=K}else l[u]=R(z,n[u]),J(o,s[d],z),s[v]=null;u++}else yt(s[m]),m--;else yt(s[d]),d++;for(;u<=g;){const v=J(o,l[g+1]);R(v,n[u]),l[u++]=v}for(;d<=m;){const v=s[d++];v!==null&&yt(v)}return this.ut=r,Ge(o,l),N}});function q(o,t){const e=t/1e3;return e<60?T(o,e,"s",e<10?1:0):e<3600?`${T(o,Math.floor(e/60),"min")} ${T(o,Math.floor(e%60),"s")}`:`${T(o,Math.floor(e/3600),"h")} ${T(o,Math.floor(e%3600/60),"min")}`}function Vt(o,t){return t<1e6?T(o,Math.ceil(t/1e3),"kB"):t<1e9?T(o,t/1e6,"MB",1):T(o,t/1e9,"GB",1)}function T(o,t,e,i=0){return`${new Intl.NumberFormat(o.locale,{minimumFractionDigits:i,maximumFractionDigits:i}).format(t)} ${e}`}function vt(o,t){return new Intl.NumberFormat(o.locale,{style:"percent"}).format(t)}function Mt(o){return o.split("_").filter(Boolean).map(t=>t[0].toUpperCase()+t.slice(1)).join(" ")}class Wt{constructor(t,e){this.words=t,this.timeZone=e,this.#t=this.#o({timeStyle:"short"}),this.#s=this.#o({dateStyle:"medium",timeStyle:"medium"}),this.#i=this.#o({dateStyle:"medium",timeStyle:"short"}),this.#e=this.#o({year:"numeric",month:"2-digit",day:"2-digit"},"en-CA")}#t;#s;#i;#e;time(t){return this.#t.format(new Date(t))}dateTime(t,e=!1){return(e?this.#s:this.#i).format(new Date(t))}day(t){return this.#e.format(new Date(t))}dayName(t,e=new Date){const i=this.day(e);if(t===i)return this.words.t("day.today");const s=new Date(`${i}T12:00:00Z`);return s.setUTCDate(s.getUTCDate()-1),t===s.toISOString().slice(0,10)?this.words.t("day.yesterday"):new Date(`${t}T12:00:00Z`).toLocaleDateString(this.words.locale,{weekday:"long",day:"numeric",month:"long",year:t.slice(0,4)===i.slice(0,4)?void 0:"numeric",timeZone:"UTC"})}midnight(t,e=!1){const i=new Date(`${t}T00:00:00Z`);e&&i.setUTCDate(i.getUTCDate()+1);const s=i.toISOString().slice(0,10);let n=i.getTime()-15*36e5,r=i.getTime()+15*36e5;for(;r-n>6e4;){const a=Math.floor((n+r)/12e4)*6e4;if(a<=n)break;this.day(new Date(a))<s?n=a:r=a}return new Date(r).toISOString()}#o(t,e=this.words.locale){try{return new Intl.DateTimeFormat(e,{...t,timeZone:this.timeZone||void 0})}catch{return new Intl.DateTimeFormat(e,t)}}}const Ft=50,Xe=500;class ts extends EventTarget{constructor(t,e=()=>!1){super(),this.transport=t,this.hold=e,this.filter={},this.status="loading",this.entries=[],this.waiting=[],this.counts={},this.selected=new Set,this.allSelected=!1,this.#t=null,this.#s=-1/0,this.#i=1/0,this.#e=0,this.#o=!1}#t;#s;#i;#e;#o;#r;#a;#n;#f;start(){this.#n=this.transport.watch(()=>{this.#p()}),this.#p()}stop(){this.#n?.(),this.#a?.(),this.#a=void 0,clearTimeout(this.#f),this.#e++}get more(){return this.#t!==null}setFilter(t){this.filter=t,this.entries=[],this.waiting=[],this.total=void 0,this.select([]),this.reload()}async reload(){const t=++this.#e,e=Math.max(this.entries.length,Ft);this.#r=[],this.#o=!0,this.entries.length||(this.status="loading"),this.#l();try{let i=await this.#u(null),s=i.entries;for(;s.length<e&&i.next_cursor&&t===this.#e;)i=await this.#u(i.next_cursor),s=s.concat(i.entries);if(t!==this.#e)return;this.entries=s,this.waiting=[],this.#t=i.next_cursor,this.#s=i.from?Date.parse(i.from):-1/0,this.#i=i.to&&this.filter.to?Date.parse(i.to):1/0,i.to&&["yesterday","last_week","last_month"].includes(this.filter.period??"")&&(this.#i=Date.parse(i.to)),this.status="ready",this.problem=void 0;const n=this.#r;this.#r=void 0;for(const r of n)this.#g(r);this.select([...this.selected].filter(r=>s.some(a=>a.id===r)))}catch(i){if(t!==this.#e)return;if(this.#r=void 0,!(i instanceof E))throw i;if(i.code==="offline")return;this.status="failed",this.problem=i}finally{t===this.#e&&(this.#o=!1)}this.#l(),this.#h()}async loadMore(){if(this.#o||this.#t===null)return;const t=this.#e;this.#o=!0;try{const e=await this.#u(this.#t);if(t!==this.#e)return;const i=new Set(this.entries.map(s=>s.id));this.entries=[...this.entries,...e.entries.filter(s=>!i.has(s.id))],this.#t=e.next_cursor,this.#l()}catch(e){if(!(e instanceof E))throw e;t===this.#e&&e.code!=="offline"&&await this.reload()}finally{t===this.#e&&(this.#o=!1)}}showNew(){const t=this.waiting;this.waiting=[];for(const e of t)this.#$(e);this.#l()}select(t){this.selected=new Set(t),this.allSelected=!1,this.#l()}toggle(t,e=!this.selected.has(t)){const i=new Set(this.allSelected?this.entries.map(s=>s.id):this.selected);e?i.add(t):i.delete(t),this.select(i)}selectAll(){this.selected=new Set(this.entries.map(t=>t.id)),this.allSelected=!0,this.#l()}isSelected(t){return this.allSelected||this.selected.has(t)}get selectedCount(){return this.allSelected?this.total??this.entries.length:this.selected.size}selector(){return this.allSelected?Object.keys(this.filter).length?{...this.filter}:{period:"all"}:{ids:[...this.selected]}}async#p(){if(this.transport.link!=="ready"){this.#a=void 0,this.#l();return}try{this.#a=await this.transport.subscribe("history/subscribe",{},t=>{this.#r?this.#r.push(t):this.#g(t)})}catch{return}await this.reload()}#u(t){return this.transport.call("history/list",{...this.filter,limit:Ft,...t?{cursor:t}:{}})}async#h(){const t=this.#e,{outcome:e,outcomes:i,...s}=this.filter;try{const n=await this.transport.call("history/stats",s);if(t!==this.#e)return;this.counts={};for(const a of n.by)this.counts[a.outcome]=(this.counts[a.outcome]??0)+a.entries;const r=e?[e]:i;this.total=r?r.reduce((a,l)=>a+(this.counts[l]??0),0):n.entries,this.#l()}catch{}}#g(t){if(t.action==="reset"||t.action==="updated"&&!t.entries){this.reload();return}t.action==="deleted"&&this.#c(new Set(t.ids));for(const e of t.entries??[]){const i=this.entries.some(s=>s.id===e.id);if(!this.#d(e))this.#c(new Set([e.id]));else if(i)this.entries=this.entries.map(s=>s.id===e.id?e:s);else{if(this.#m(e))continue;this.hold()?this.waiting=[e,...this.waiting.filter(s=>s.id!==e.id)]:this.#$(e)}}clearTimeout(this.#f),this.#f=setTimeout(()=>{this.#h()},Xe),this.#l()}#c(t){this.entries=this.entries.filter(e=>!t.has(e.id)),this.waiting=this.waiting.filter(e=>!t.has(e.id)),[...t].some(e=>this.selected.has(e))&&(this.selected=new Set([...this.selected].filter(e=>!t.has(e))),this.selected.size||(this.allSelected=!1))}#$(t){const e=this.entries.findIndex(i=>Zt(i,t));this.entries=this.entries.toSpliced(e<0?this.entries.length:e,0,t)}#m(t){const e=this.entries.at(-1);return this.#t!==null&&e!==void 0&&Zt(t,e)}#d(t){const e=this.filter,i=Date.parse(t.at),s=e.text?.toLowerCase();return i>=this.#s&&i<this.#i&&(e.satellite===void 0||e.satellite===t.satellite)&&(e.outcome===void 0||e.outcome===t.outcome)&&(e.outcomes===void 0||e.outcomes.includes(t.outcome))&&(e.wake_word===void 0||e.wake_word===t.wake_word)&&(e.label===void 0||e.label===t.label)&&(e.kept===void 0||e.kept===t.kept)&&(s===void 0||t.transcript.toLowerCase().includes(s)||t.reply.toLowerCase().includes(s))}#l(){this.dispatchEvent(new Event("change"))}}function Zt(o,t){const[e,i]=[Date.parse(o.at),Date.parse(t.at)];return e<i||e===i&&o.id<t.id}function tt(o,t){if(!(t instanceof E))throw t;switch(t.code){case"offline":return o.t("error.offline");case"timeout":return o.t("error.timeout");case"unauthorized":return o.t("error.unauthorized");default:return t.message}}class es extends EventTarget{constructor(t){super(),this.transport=t,this.current="",this.playing=!1,this.failed="",this.#t=new Audio,this.#s=0,this.#i=0,this.#a=()=>{this.dispatchEvent(new Event("progress")),this.#s=requestAnimationFrame(this.#a)},this.#t.preload="none",this.#t.addEventListener("play",()=>this.#r(!0)),this.#t.addEventListener("pause",()=>this.#r(!1)),this.#t.addEventListener("ended",()=>{this.#t.currentTime=0,this.#r(!1)}),this.#t.addEventListener("loadedmetadata",()=>{this.#i>0&&(this.#t.currentTime=this.#i*this.#t.duration)}),this.#t.addEventListener("error",()=>this.#o())}#t;#s;#i;get position(){return this.#t.duration>0?this.#t.currentTime/this.#t.duration:this.#i}async toggle(t){t===this.current&&this.playing?this.#t.pause():t===this.current&&!this.failed?await this.#t.play().catch(()=>this.#o()):await this.#e(t,0)}async seek(t,e){if(t!==this.current||this.failed){await this.#e(t,e);return}this.#t.duration>0?this.#t.currentTime=e*this.#t.duration:this.#i=e,this.dispatchEvent(new Event("progress"))}stop(){this.current&&(this.current="",this.#t.removeAttribute("src"),this.#t.load(),this.#r(!1))}async#e(t,e){this.#t.pause(),this.current=t,this.failed="",this.#i=e,this.#n();try{const{url:i}=await this.transport.call("clips/sign",{entry_id:t});if(this.current!==t)return;this.#t.src=this.transport.url(i),await this.#t.play()}catch(i){this.current===t&&(i instanceof E||i.name!=="AbortError")&&this.#o()}}#o(){!this.current||!this.#t.hasAttribute("src")&&this.playing||(this.failed=this.current,this.#r(!1))}#r(t){this.playing=t,cancelAnimationFrame(this.#s),t&&this.#a(),this.#n()}#a;#n(){this.dispatchEvent(new Event("change"))}}const bt=o=>o!=="read",ot=o=>o==="admin";function ne(o,t){return o.find(e=>e.id===t)?.name??t}var ss=Object.defineProperty,F=(o,t,e,i)=>{for(var s=void 0,n=o.length-1,r;n>=0;n--)(r=o[n])&&(s=r(t,e,s)||s);return s&&ss(t,e,s),s};const wt=.05,Kt=new ResizeObserver(o=>o.forEach(t=>t.target.draw()));class I extends x{constructor(){super(...arguments),this.peaks="",this.duration=0,this.wake=0,this.position=0,this.seekable=!1,this.#t=new Uint8Array,this.draw=()=>{const t=this.renderRoot.querySelector("canvas"),e=t?.getContext("2d"),i=window.devicePixelRatio||1,s=Math.round(this.clientWidth*i),n=Math.round(this.clientHeight*i);if(!t||!e||!s||!n)return;t.width!==s&&(t.width=s),t.height!==n&&(t.height=n),e.clearRect(0,0,s,n);const{color:r,caretColor:a,columnRuleColor:l,textDecorationColor:f}=getComputedStyle(this),p=Math.max(1,Math.min(this.#t.length,Math.floor(s/(4*i)))),d=s/p,m=this.duration>0?this.wake/this.duration:0;for(let u=0;u<p;u++){const g=Math.floor(u*this.#t.length/p),v=Math.max(g+1,Math.floor((u+1)*this.#t.length/p));let z=0;for(let mt=g;mt<v;mt++)z=Math.max(z,this.#t[mt]??0);const K=Math.max(z/255*n,2*i);e.fillStyle=u/p<this.position?a:u/p<m?l:r,e.fillRect(u*d,(n-K)/2,Math.max(d*.6,1),K)}m>0&&m<1&&(e.fillStyle=f,e.fillRect(m*s-i,0,2*i,n))},this.#s=t=>{const e=this.getBoundingClientRect();this.#e((t.clientX-e.left)/e.width)},this.#i=t=>{const e={ArrowLeft:this.position-wt,ArrowRight:this.position+wt,Home:0,End:1-wt}[t.key];e===void 0||!this.seekable||(t.preventDefault(),t.stopPropagation(),this.#e(e))}}#t;static{this.styles=P`
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
`}connectedCallback(){super.connectedCallback(),Kt.observe(this),this.addEventListener("click",this.#s),this.addEventListener("keydown",this.#i),Yt.addEventListener("change",this.draw)}disconnectedCallback(){super.disconnectedCallback(),Kt.unobserve(this),Yt.removeEventListener("change",this.draw)}willUpdate(t){t.has("peaks")&&(this.#t=Uint8Array.from(atob(this.peaks),e=>e.charCodeAt(0))),this.seekable&&(this.role="slider",this.tabIndex=0,this.ariaLabel=this.words.t("wave.label"),this.ariaValueMin="0",this.ariaValueMax="100",this.ariaValueNow=String(Math.round(this.position*100)),this.ariaValueText=this.words.t("wave.position",{at:q(this.words,this.position*this.duration),of:q(this.words,this.duration)}))}render(){return c`<canvas part="canvas"></canvas>`}updated(){this.draw()}#s;#i;#e(t){this.seekable&&this.dispatchEvent(new CustomEvent("seek",{detail:Math.min(Math.max(t,0),1)}))}}F([y()],I.prototype,"peaks");F([y({type:Number})],I.prototype,"duration");F([y({type:Number})],I.prototype,"wake");F([y({type:Number})],I.prototype,"position");F([y({attribute:!1})],I.prototype,"words");F([y({type:Boolean})],I.prototype,"seekable");const Yt=matchMedia("(prefers-color-scheme: dark)");W("earshot-waveform",I);const is=2e3;function os(o,t){return o.transcript?t.t("row.said",{text:o.transcript}):t.t(o.outcome==="not_intended"?"row.not_intended":"row.no_text")}function rs(o,t){const{words:e,clock:i,store:s,player:n}=t,r=e.t.bind(e),a=n.current===o.id,l=a&&n.playing,f=t.open===o.id,p=s.isSelected(o.id),d=os(o,e);return c`
<div class="row ${p?"selected":""}" role="listitem" data-id=${o.id} tabindex=${t.active===o.id?0:-1}
aria-label=${`${i.time(o.at)}, ${d}`}>
${ot(t.role)?c`<input type="checkbox" class="select" data-do="select" .checked=${p} aria-label=${r("row.select",{title:d})} />`:h}
${bt(t.role)?c`<button class="icon play" data-do="play" ?disabled=${!o.clip||!t.online&&!a}
title=${o.clip?"":r("row.no_audio")} aria-label=${r(o.clip?l?"row.pause":"row.play":"row.no_audio")}>
${w(l?"pause":"play")}</button>`:h}
<div class="body">
<p class="title ${o.transcript?"":"muted"}">${d}</p>
<p class="meta">
<span class="outcome ${o.outcome}">${w(o.outcome)}${r(`outcome.${o.outcome}`)}</span>
<time datetime=${o.at} title=${i.dateTime(o.at,!0)}>${i.time(o.at)}</time>
<span>${ne(t.satellites,o.satellite)}</span>
${o.wake_word?c`<span>${Mt(o.wake_word)} ${vt(e,o.score)}</span>`:h}
<span>${q(e,o.duration_ms)}</span>
${o.kept?c`<span class="flag">${w("keep")}${r("row.kept")}</span>`:h}
${o.label?c`<span class="flag">${w(o.label)}${r(`label.${o.label}`)}</span>`:h}
</p>
${o.reply?c`<p class="reply">${o.reply}</p>`:h}
${o.clip&&o.peaks?c`<earshot-waveform .peaks=${o.peaks} .duration=${o.duration_ms} .wake=${Math.min(is,o.duration_ms)}
.position=${a?n.position:0} .words=${e} .seekable=${bt(t.role)&&t.online}></earshot-waveform>`:h}
${n.failed===o.id?c`<p class="bad" role="alert">${r("row.play_failed")}</p>`:h}
</div>
<div class="actions">
${ot(t.role)?c`<button class="icon" data-do="delete" ?disabled=${!t.online} aria-label=${r("row.delete",{title:d})}>${w("delete")}</button>`:h}
<button class="icon" data-do="details" aria-expanded=${f} aria-label=${r("row.details")}>${w(f?"less":"more")}</button>
</div>
${f?ns(o,t):h}
</div>
`}function ns(o,t){const{words:e,clock:i}=t,s=e.t.bind(e),n=["speech_end_ms","transcript_ms","reply_ms"].filter(r=>o.timings[r]!==null);return c`
<div class="details">
<dl>
<dt>${s("details.heard")}</dt>
<dd>${i.dateTime(o.at,!0)}${o.area?` · ${o.area}`:""}</dd>
${o.wake_word?c`<dt>${s("details.why")}</dt>
<dd>${s("details.score",{word:Mt(o.wake_word),score:vt(e,o.score),limit:vt(e,o.threshold)})}
${as(o)}</dd>`:h}
${n.map(r=>c`<dt>${s(`details.${r}`)}</dt><dd>${q(e,o.timings[r])}</dd>`)}
${o.intent?c`<dt>${s("details.intent")}</dt><dd>${o.intent}</dd>`:h}
${o.error?c`<dt>${s("details.error")}</dt><dd class="bad">${o.error.message||o.error.code}</dd>`:h}
</dl>
<div class="bar">
${ot(t.role)?c`
${["correct","mistake"].map(r=>c`<button data-do=${r} aria-pressed=${o.label===r} ?disabled=${!t.online}>${w(r)}${s(`label.set.${r}`)}</button>`)}
<button data-do="keep" aria-pressed=${o.kept} ?disabled=${!t.online}>${w("keep")}${s("details.keep")}</button>`:h}
${bt(t.role)&&o.clip?c`<button data-do="download" ?disabled=${!t.online}>${w("download")}${s("details.download")}</button>`:h}
</div>
</div>
`}function as(o){const t=e=>1+Math.min(Math.max(e,0),1)*158;return c`<svg class="score" viewBox="0 0 160 12" width="160" height="12" aria-hidden="true">
<rect class="all" x="0" y="3" width="160" height="6" rx="3" />
<rect class="part" x="0" y="3" width=${t(o.score)} height="6" rx="3" />
<path class="limit" d=${`M${t(o.threshold)} 0v12`} />
</svg>`}const ae=o=>({rootMargin:o,scrollMargin:o});var ls=Object.defineProperty,ft=(o,t,e,i)=>{for(var s=void 0,n=o.length-1,r;n>=0;n--)(r=o[n])&&(s=r(t,e,s)||s);return s&&ls(t,e,s),s};const cs=112,ds="1000px",Jt=new IntersectionObserver(o=>o.forEach(t=>t.target.setNear(t.isIntersecting,t.boundingClientRect.height)),ae(ds));class rt extends x{constructor(){super(...arguments),this.entries=[],this.first=!1,this.near=!1}connectedCallback(){super.connectedCallback(),this.style.display="block",Jt.observe(this)}disconnectedCallback(){super.disconnectedCallback(),Jt.unobserve(this)}willUpdate(){this.hasUpdated||(this.near=this.first)}setNear(t,e){this.near&&!t&&e>0&&(this.style.blockSize=`${e}px`),this.near=t}createRenderRoot(){return this}shouldUpdate(){return this.near||this.childElementCount>0||!this.hasUpdated||!this.style.blockSize}render(){return this.near?(this.style.blockSize="",this.role="list",c`${re(this.entries,t=>t.id,t=>rs(t,this.view))}`):(this.style.blockSize||(this.style.blockSize=`${this.entries.length*cs}px`),this.role=null,h)}}ft([y({attribute:!1})],rt.prototype,"entries");ft([y({attribute:!1})],rt.prototype,"view");ft([y({type:Boolean})],rt.prototype,"first");ft([$()],rt.prototype,"near");const hs=P`
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
`;W("earshot-rows",rt);const ps=["understood","not_understood","not_intended","failed","cancelled","elsewhere","recorded"];var us=Object.defineProperty,M=(o,t,e,i)=>{for(var s=void 0,n=o.length-1,r;n>=0;n--)(r=o[n])&&(s=r(t,e,s)||s);return s&&us(t,e,s),s};const fs=250,le=["last_hour","today","yesterday","this_week","last_7_days","this_month","last_30_days"];class A extends x{constructor(){super(...arguments),this.filter={},this.satellites=[],this.counts={},this.expanded=!1,this.custom=!1,this.first="",this.last="",this.#i=t=>{clearTimeout(this.#t);const e=t.target.value.trim();this.#t=setTimeout(()=>this.#n({text:e||void 0}),fs)},this.#e=t=>{const e=t.target.value;this.custom=e==="custom",this.custom||this.#n({period:e||void 0,from:void 0,to:void 0})},this.#o=t=>{const e=t.target;e.dataset.end==="first"?this.first=e.value:this.last=e.value,this.#n({period:void 0,from:this.first?this.clock.midnight(this.first):void 0,to:this.last?this.clock.midnight(this.last,!0):void 0})},this.#r=t=>{const e=t.target;this.#n({[e.dataset.key]:e.value||void 0})},this.#a=t=>{const e=t.target.value;this.#n({kept:e==="kept"||void 0,label:e==="mistake"||e==="correct"?e:void 0})}}#t;static{this.styles=[pt,ut,P`
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
`]}render(){const t=this.words.t.bind(this.words),e=this.filter,i=[...new Set([...this.satellites.flatMap(s=>s.wake_words.map(n=>n.id)),...e.wake_word?[e.wake_word]:[]])];return c`
<div class="bar" role="search">
<div class="search">
${w("search")}
<input type="search" aria-label=${t("filter.text")} placeholder=${t("filter.text")} .value=${e.text??""} @input=${this.#i} />
</div>
<button class="toggle" aria-expanded=${this.expanded} @click=${()=>this.expanded=!this.expanded}>${w("filter")}${t("filter.more")}</button>
<div class="bar fields ${this.expanded?"expanded":""}">
<select aria-label=${t("filter.period")} @change=${this.#e}>
${this.#s("",t("period.all"),!e.period&&!this.custom)}
${le.map(s=>this.#s(s,t(`period.${s}`),e.period===s))}
${this.#s("custom",t("period.custom"),this.custom)}
</select>
${this.custom?c`<input type="date" aria-label=${t("filter.first")} .value=${this.first} @change=${this.#o} data-end="first" />
<input type="date" aria-label=${t("filter.last")} .value=${this.last} @change=${this.#o} data-end="last" />`:h}
${this.satellites.length>1?c`<select aria-label=${t("filter.satellite")} data-key="satellite" @change=${this.#r}>
${this.#s("",t("filter.any_satellite"),!e.satellite)}
${this.satellites.map(s=>this.#s(s.id,s.name,e.satellite===s.id))}
</select>`:h}
${i.length>1?c`<select aria-label=${t("filter.wake_word")} data-key="wake_word" @change=${this.#r}>
${this.#s("",t("filter.any_wake_word"),!e.wake_word)}
${i.map(s=>this.#s(s,Mt(s),e.wake_word===s))}
</select>`:h}
<select aria-label=${t("filter.mark")} @change=${this.#a}>
${this.#s("",t("filter.any_mark"),e.kept===void 0&&!e.label)}
${this.#s("kept",t("row.kept"),e.kept===!0)}
${this.#s("mistake",t("label.mistake"),e.label==="mistake")}
${this.#s("correct",t("label.correct"),e.label==="correct")}
</select>
</div>
</div>
<div class="chips" role="group" aria-label=${t("filter.outcome")}>
<button aria-pressed=${!e.outcome} @click=${()=>this.#n({outcome:void 0})}>${t("filter.all")}</button>
${ps.filter(s=>this.counts[s]||e.outcome===s).map(s=>c`<button aria-pressed=${e.outcome===s} @click=${()=>this.#n({outcome:e.outcome===s?void 0:s})}>
${w(s)}${t(`outcome.${s}`)} ${t("number",{n:this.counts[s]??0})}</button>`)}
</div>
`}#s(t,e,i){return c`<option value=${t} .selected=${i}>${e}</option>`}#i;#e;#o;#r;#a;#n(t){const e=Object.fromEntries(Object.entries({...this.filter,...t}).filter(([,i])=>i!==void 0));this.dispatchEvent(new CustomEvent("filter",{detail:e}))}}M([y({attribute:!1})],A.prototype,"filter");M([y({attribute:!1})],A.prototype,"satellites");M([y({attribute:!1})],A.prototype,"counts");M([y({attribute:!1})],A.prototype,"words");M([y({attribute:!1})],A.prototype,"clock");M([$()],A.prototype,"expanded");M([$()],A.prototype,"custom");M([$()],A.prototype,"first");M([$()],A.prototype,"last");W("earshot-filters",A);var ms=Object.defineProperty,k=(o,t,e,i)=>{for(var s=void 0,n=o.length-1,r;n>=0;n--)(r=o[n])&&(s=r(t,e,s)||s);return s&&ms(t,e,s),s};const gs=["not_intended","failed","cancelled"];class b extends x{constructor(){super(...arguments),this.satellites=[],this.stage="choose",this.selector={},this.problem="",this.custom=!1,this.first="",this.last="",this.#t=0,this.#s=!1,this.#g=t=>{const e=G(t);this.custom=e==="custom",this.#h({period:this.custom?void 0:e,from:void 0,to:void 0}),this.custom&&this.#$()},this.#c=t=>{t.target.dataset.end==="first"?this.first=G(t):this.last=G(t),this.#$()},this.#m=t=>{const e=t.target,i=new Set(this.selector.outcomes);e.checked?i.add(e.value):i.delete(e.value),this.#h({outcomes:i.size?[...i]:void 0})},this.#d=()=>{this.#s?this.#i(this.selector,"choose"):this.#l()},this.#l=t=>{t?.preventDefault(),this.stage!=="working"&&(this.#t++,this.dialog.close())},this.#y=t=>{t.preventDefault(),this.stage==="done"?this.dialog.close():this.stage==="confirm"?this.#r():this.stage==="choose"&&this.preview?.count&&(this.stage="confirm",this.updateComplete.then(()=>this.#e()))}}#t;#s;static{this.styles=[pt,ut,P`
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
`]}choose(){this.#s=!0,this.custom=!1,this.#i({period:"today"},"choose")}confirm(t){this.#s=!1,this.#i(t,"confirm")}#i(t,e){this.selector=t,this.stage=e,this.receipt=void 0,this.#o(),this.updateComplete.then(()=>{this.dialog.open||this.dialog.showModal(),this.#e()})}#e(){this.renderRoot.querySelector("h2")?.focus()}async#o(){const t=++this.#t;if(this.problem="",this.preview=void 0,!(this.custom&&!this.selector.from&&!this.selector.to))try{const e=await this.transport.call("history/delete_preview",this.selector);t===this.#t&&(this.preview=e)}catch(e){t===this.#t&&(this.problem=tt(this.words,e))}}async#r(){const t=this.preview?.token;if(t){this.stage="working";try{this.receipt=await this.transport.call("history/delete",{token:t}),this.stage="done",this.dispatchEvent(new CustomEvent("deleted",{detail:this.receipt}))}catch(e){this.stage="confirm",await this.#o(),this.problem=e instanceof E&&e.code==="not_found"&&this.preview?this.words.t("delete.again"):tt(this.words,e)}await this.updateComplete,this.#e()}}render(){const t={choose:this.#a,confirm:this.#n,working:this.#n,done:this.#f};return c`<dialog aria-labelledby="title" @cancel=${this.#l}>
<form @submit=${this.#y}>${t[this.stage].call(this)}</form>
</dialog>`}#a(){const t=this.words.t.bind(this.words),e=this.selector,i=(s,n,r)=>c`
<label class="choice"><input type="radio" name="period" value=${s} .checked=${r} @change=${this.#g} />${n}</label>`;return c`
<h2 id="title" tabindex="-1">${t("delete.title")}</h2>
<fieldset>
<legend>${t("filter.period")}</legend>
${le.map(s=>i(s,t(`period.${s}`),e.period===s))} ${i("all",t("period.all"),e.period==="all")}
${i("custom",t("period.custom"),this.custom)}
</fieldset>
${this.custom?c`<div class="bar">
<label>${t("filter.first")} <input type="date" data-end="first" .value=${this.first} @change=${this.#c} /></label>
<label>${t("filter.last")} <input type="date" data-end="last" .value=${this.last} @change=${this.#c} /></label>
</div>`:h}
<fieldset>
<legend>${t("delete.only")}</legend>
${gs.map(s=>c`<label class="choice"><input type="checkbox" value=${s} .checked=${e.outcomes?.includes(s)??!1}
@change=${this.#m} />${t(`outcome.${s}`)}</label>`)}
</fieldset>
<div class="bar">
${this.satellites.length>1?c`<select aria-label=${t("filter.satellite")} @change=${s=>this.#h({satellite:G(s)||void 0})}>
<option value="">${t("filter.any_satellite")}</option>
${this.satellites.map(s=>c`<option value=${s.id} .selected=${e.satellite===s.id}>${s.name}</option>`)}
</select>`:h}
<select aria-label=${t("delete.what")} @change=${s=>this.#h({what:G(s)})}>
${["all","audio","text"].map(s=>c`<option value=${s} .selected=${(e.what??"all")===s}>${t(`what.${s}`)}</option>`)}
</select>
</div>
<label class="choice"><input type="checkbox" .checked=${e.include_kept??!1}
@change=${s=>this.#h({include_kept:s.target.checked||void 0})} />${t("delete.include_kept")}</label>
<p role="status" aria-live="polite">${this.#p()}</p>
${this.#u()}
<div class="bar buttons">
<button type="button" @click=${this.#l}>${t("cancel")}</button>
<button class="danger" ?disabled=${!this.preview?.count}>${t("delete.next",{n:this.preview?.count??0})}</button>
</div>`}#n(){const t=this.words.t.bind(this.words),e=this.preview,i=this.stage==="working";return c`
<h2 id="title" tabindex="-1">${e?t("delete.question",{n:e.count}):t("delete.title")}</h2>
<p role="status" aria-live="polite">${this.#p()}</p>
${e?.count?c`<p><strong>${t(`delete.cost.${this.selector.what??"all"}`)}</strong> ${this.selector.what==="text"?"":t("delete.cost.tune")}</p>`:h}
${e?.in_progress?c`<p>${t("delete.in_progress",{n:e.in_progress})}</p>`:h}
${this.#u()}
<div class="bar buttons">
<button type="button" ?disabled=${i} @click=${this.#d}>${t(this.#s?"back":"cancel")}</button>
<button class="danger" ?disabled=${i||!e||!e.count&&!e.in_progress}>${i?t("delete.working"):t("delete.do",{n:e?.count??0})}</button>
</div>`}#f(){const t=this.words.t.bind(this.words),e=this.receipt;return c`
<h2 id="title" tabindex="-1">${t("receipt.title",{n:e.deleted})}</h2>
<p>${t("receipt.size",{length:q(this.words,e.seconds*1e3),size:Vt(this.words,e.bytes)})}</p>
${e.kept_skipped?c`<p>${t("delete.kept",{n:e.kept_skipped})}</p>`:h}
${e.in_progress_discarded?c`<p>${t("receipt.discarded",{n:e.in_progress_discarded})}</p>`:h}
${e.failed_count?c`<p class="bad">${t("receipt.failed",{n:e.failed_count})}</p>`:h}
${e.remains.length?c`<p>${t("receipt.remains")}</p><ul>${e.remains.map(i=>c`<li>${i}</li>`)}</ul>`:h}
<p class="muted">${t("receipt.id")} <code>${e.receipt}</code></p>
<div class="bar buttons"><button class="main">${t("close")}</button></div>`}#p(){const t=this.words.t.bind(this.words),e=this.preview;if(!e)return this.problem||this.custom?"":t("delete.counting");const i=e.kept?` ${t("delete.kept",{n:e.kept})}`:"";return e.count?t("delete.summary",{n:e.count,length:q(this.words,e.seconds*1e3),size:Vt(this.words,e.bytes),oldest:e.oldest?this.clock.dateTime(e.oldest):"",newest:e.newest?this.clock.dateTime(e.newest):""})+i:t("delete.none")+i}#u(){return this.problem?c`<p class="bad" role="alert">${this.problem}</p>`:h}#h(t){this.selector=Object.fromEntries(Object.entries({...this.selector,...t}).filter(([,e])=>e!==void 0)),this.#o()}#g;#c;#$(){this.#h({from:this.first?this.clock.midnight(this.first):void 0,to:this.last?this.clock.midnight(this.last,!0):void 0})}#m;#d;#l;#y}k([y({attribute:!1})],b.prototype,"transport");k([y({attribute:!1})],b.prototype,"words");k([y({attribute:!1})],b.prototype,"clock");k([y({attribute:!1})],b.prototype,"satellites");k([$()],b.prototype,"stage");k([$()],b.prototype,"selector");k([$()],b.prototype,"preview");k([$()],b.prototype,"receipt");k([$()],b.prototype,"problem");k([$()],b.prototype,"custom");k([$()],b.prototype,"first");k([$()],b.prototype,"last");k([oe("dialog")],b.prototype,"dialog");const G=o=>o.target.value;W("earshot-delete-dialog",b);var $s=Object.defineProperty,S=(o,t,e,i)=>{for(var s=void 0,n=o.length-1,r;n>=0;n--)(r=o[n])&&(s=r(t,e,s)||s);return s&&$s(t,e,s),s};const Gt=10,ys=24;class _ extends x{constructor(){super(...arguments),this.words=new L,this.satellites=[],this.paused=[],this.active="",this.open="",this.selecting=!1,this.problem="",this.said="",this.#t={list:[]},this.#s="",this.#e=new IntersectionObserver(t=>t.at(-1)?.isIntersecting&&void this.store.loadMore(),ae("1500px")),this.#m=t=>{const e=t.target,i=e.closest("[data-id]")?.dataset.id,s=e.closest("[data-do]")?.dataset.do;i&&(this.active=i,s?this.#d(s,i,t):this.selecting&&!e.closest("earshot-waveform")&&this.store.toggle(i))},this.#y=t=>{if(t.composedPath()[0].closest("dialog")||t.altKey||t.metaKey)return;const i=t.target.closest("[data-id]"),s=i?.dataset.id;if(!s)return;const n=t.target===i,r=ot(this.transport.role),a=(()=>{if(t.ctrlKey)return t.key==="a"&&r?()=>this.store.selectAll():void 0;switch(t.key){case"ArrowDown":case"ArrowUp":case"j":case"k":return()=>this.#S(s,t.key==="ArrowDown"||t.key==="j"?1:-1,t.shiftKey&&r);case"p":return()=>this.#d("play",s);case" ":return n&&r?()=>this.#d("select",s):void 0;case"Enter":return n?()=>this.#d("details",s):void 0;case"Delete":return r?()=>this.store.selectedCount?this.dialog.confirm(this.store.selector()):this.#d("delete",s):void 0;case"Escape":return()=>{this.store.selectedCount||this.selecting?this.#w():this.open=""};default:return}})();a&&(t.preventDefault(),a())},this.#b=t=>{const e=t.target.closest("[data-id]")?.dataset.id;e&&(this.active=e)},this.#k=t=>{const e=t.target.closest("[data-id]")?.dataset.id;e&&this.player.seek(e,t.detail)},this.#_=()=>{this.store.showNew(),this.scrollIntoView({block:"start"})},this.#w=()=>{this.selecting=!1,this.store.select([])},this.#A=t=>{this.#w(),this.said=this.words.t("receipt.title",{n:t.detail.deleted}),this.dispatchEvent(new CustomEvent("earshot-deleted",{detail:t.detail,bubbles:!0,composed:!0}))}}#t;#s;#i;#e;#o;static{this.styles=[pt,ut,hs,P`
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
`]}connectedCallback(){super.connectedCallback(),this.hasUpdated&&this.#r()}disconnectedCallback(){super.disconnectedCallback(),this.store.stop(),this.player.stop(),this.#i?.(),this.#e.disconnect()}willUpdate(t){this.hasUpdated||this.#r(),(!this.clock||t.has("words"))&&(this.clock=new Wt(this.words,this.transport.timeZone))}#r(){this.store=new ts(this.transport,()=>this.#n()),this.player=new es(this.transport),this.store.addEventListener("change",()=>{this.requestUpdate(),this.player.current&&this.store.status==="ready"&&!this.store.entries.some(t=>t.id===this.player.current)&&this.player.stop()}),this.player.addEventListener("change",()=>this.requestUpdate()),this.player.addEventListener("progress",()=>this.#f()),this.#i=this.transport.watch(()=>{this.#a()}),this.#a(),this.store.start()}async#a(){if(this.transport.link==="ready"){this.clock=new Wt(this.words,this.transport.timeZone);try{this.satellites=(await this.transport.call("satellites/list")).satellites;const{satellites:t}=await this.transport.call("settings/get");this.paused=t.filter(e=>e.save==="nothing").map(e=>e.satellite)}catch{}}}#n(){const t=this.renderRoot.querySelector(".list")?.getBoundingClientRect().top??0,e=this.renderRoot.querySelector(".top")?.getBoundingClientRect().bottom??0;return t<e-ys||this.player.playing||this.selecting||this.store.selectedCount>0||this.open!==""}#f(){const t=this.#p(this.player.current)?.querySelector("earshot-waveform");t&&(t.position=this.player.position)}#p(t){return t?this.renderRoot.querySelector(`[data-id="${CSS.escape(t)}"]`):null}render(){const t=this.words.t.bind(this.words),{store:e}=this,i=this.transport.link==="ready",s=e.entries.some(a=>a.id===this.active)?this.active:e.entries[0]?.id??"",n={words:this.words,clock:this.clock,store:e,player:this.player,role:this.transport.role,online:i,satellites:this.satellites,active:s,open:this.open},r=this.selecting||e.selectedCount>0;return c`
<div class="top">
${r?this.#g(i):h}
<div ?hidden=${r&&!ws.matches}>
<earshot-filters .filter=${e.filter} .satellites=${this.satellites} .counts=${e.counts} .words=${this.words} .clock=${this.clock}
@filter=${a=>e.setFilter(a.detail)}></earshot-filters>
${ot(this.transport.role)?c`<div class="bar">
<span class="grow muted" role="status">${e.total===void 0?"":t("list.count",{n:e.total})}</span>
<button class="only-phone" @click=${()=>this.selecting=!0}>${t("select.begin")}</button>
<button @click=${()=>this.dialog.choose()} ?disabled=${!i}>${w("delete")}${t("delete.open")}</button>
</div>`:h}
</div>
${this.transport.link==="offline"||this.transport.link==="connecting"?c`<p class="link" role="status">${t("link.offline")}</p>`:h}
${this.paused.length?c`<p class="note-line" role="status">${this.#u()}</p>`:h}
${this.problem?c`<p class="bad" role="alert">${this.problem}</p>`:h}
</div>
${e.waiting.length?c`<button class="pill" @click=${this.#_}>${w("up")}${t("list.new",{n:e.waiting.length})}</button>`:h}
<div class="list ${r?"selecting":""}" @click=${this.#m} @keydown=${this.#y} @focusin=${this.#b} @seek=${{handleEvent:this.#k,capture:!0}}>
${e.entries.length?re(this.#$(),a=>a.day,(a,l)=>c`
<section aria-labelledby=${`day-${a.day}`}>
<h3 id=${`day-${a.day}`}>${this.clock.dayName(a.day)}</h3>
${a.chunks.map((f,p)=>c`<earshot-rows .entries=${f} .view=${n} .first=${l+p===0}></earshot-rows>`)}
</section>`):this.#h()}
${e.entries.length&&e.more?c`<div class="grey" role="status" aria-label=${t("list.loading")}></div>`:h}
<div id="end"></div>
</div>
<p class="heard" aria-live="polite">${this.said}</p>
<earshot-delete-dialog .transport=${this.transport} .words=${this.words} .clock=${this.clock} .satellites=${this.satellites}
@deleted=${this.#A}></earshot-delete-dialog>
`}updated(){if(this.#o===this.store.entries)return;this.#o=this.store.entries;const t=this.renderRoot.querySelector("#end");this.#e.unobserve(t),this.#e.observe(t)}#u(){return this.paused.length===this.satellites.length?this.words.t("list.paused"):this.words.t("list.paused_at",{names:this.paused.map(t=>ne(this.satellites,t)).join(", ")})}#h(){const t=this.words.t.bind(this.words),{store:e}=this;if(e.status==="failed")return c`<div class="note" role="alert"><p>${tt(this.words,e.problem)}</p><button @click=${()=>{e.reload()}}>${t("again")}</button></div>`;if(e.status==="loading")return c`<div role="status" aria-label=${t("list.loading")}><div class="grey"></div><div class="grey"></div><div class="grey"></div></div>`;if(Object.keys(e.filter).length)return c`<div class="note"><p>${t("list.no_match")}</p><button @click=${()=>e.setFilter({})}>${t("filter.clear")}</button></div>`;const i=this.satellites.flatMap(s=>s.wake_words)[0];return c`<div class="note"><p>${i?t("list.empty_word",{word:i.phrase}):t("list.empty")}</p><slot name="empty"></slot></div>`}#g(t){const e=this.words.t.bind(this.words),{store:i}=this,s=i.selectedCount;return c`<div class="bar selection" role="toolbar" aria-label=${e("select.toolbar")}>
<button class="icon" aria-label=${e("select.end")} @click=${this.#w}>${w("close")}</button>
<strong class="grow" role="status">${e("select.count",{n:s})}</strong>
${!i.allSelected&&i.total!==void 0&&i.total>s?c`<button class="all" @click=${()=>i.selectAll()}>${e("select.all",{n:i.total})}</button>`:h}
${this.#c("mistake",e("label.mistake"),!s||!t,()=>{this.#x({label:"mistake"})})}
${this.#c("keep",e("details.keep"),!s||!t,()=>{this.#x({kept:!0})})}
${this.#c("delete",e("delete.open"),!s||!t,()=>this.dialog.confirm(i.selector()),"danger")}
</div>`}#c(t,e,i,s,n=""){return c`<button class=${n} aria-label=${e} ?disabled=${i} @click=${s}>${w(t)}<span class="not-phone">${e}</span></button>`}#$(){const{entries:t}=this.store;if(this.#t.of===t&&this.#t.clock===this.clock)return this.#t.list;const e=new Map(this.#t.list.flatMap(n=>n.chunks.map(r=>[r[0].id,r]))),i=new Map;for(const n of t){const r=this.clock.day(n.at),a=i.get(r);a?a.push(n):i.set(r,[n])}const s=[...i].map(([n,r])=>{const a=[];for(let l=0;l<r.length;l+=Gt){const f=r.slice(l,l+Gt),p=e.get(f[0].id);a.push(p?.length===f.length&&p.every((d,m)=>d===f[m])?p:f)}return{day:n,count:r.length,chunks:a}});return this.#t={of:t,clock:this.clock,list:s},s}#m;#d(t,e,i){const s=this.store.entries.find(n=>n.id===e);if(s)switch(t){case"select":i?.shiftKey&&this.#s?this.#l(e):(this.store.toggle(e),this.#s=e);break;case"play":this.player.toggle(e);break;case"details":this.open=this.open===e?"":e;break;case"delete":this.dialog.confirm({ids:[e],...s.kept?{include_kept:!0}:{}});break;case"keep":this.#v({ids:[e]},{kept:!s.kept});break;case"correct":case"mistake":this.#v({ids:[e]},{label:s.label===t?"none":t});break;case"download":this.#E(e);break}}#l(t){const e=this.store.entries.map(n=>n.id),[i,s]=[e.indexOf(this.#s),e.indexOf(t)].sort((n,r)=>n-r);i>=0&&this.store.select([...this.store.selected,...e.slice(i,s+1)])}#y;#S(t,e,i){const{entries:s}=this.store,n=s.findIndex(a=>a.id===t),r=s[n+e];r&&(i&&(this.store.selectedCount||(this.#s=t),this.#l(r.id)),this.active=r.id,this.updateComplete.then(()=>{const a=this.#p(r.id);a?.focus({preventScroll:!0}),a?.scrollIntoView({block:"nearest"})}))}#b;#k;#_;#w;async#x(t){const{ids:e,...i}=this.store.selector();await this.#v(e?{ids:e}:{match:i},t)&&this.#w()}async#v(t,e){this.problem="";try{return await this.transport.call("history/update",{...t,...e}),!0}catch(i){return this.problem=tt(this.words,i),!1}}async#E(t){this.problem="";try{const{url:e}=await this.transport.call("clips/sign",{entry_id:t}),i=document.createElement("a");i.href=this.transport.url(e,!0),i.download="",i.click()}catch(e){this.problem=tt(this.words,e)}}#A}S([y({attribute:!1})],_.prototype,"transport");S([y({attribute:!1})],_.prototype,"words");S([$()],_.prototype,"satellites");S([$()],_.prototype,"paused");S([$()],_.prototype,"active");S([$()],_.prototype,"open");S([$()],_.prototype,"selecting");S([$()],_.prototype,"problem");S([$()],_.prototype,"said");S([oe("earshot-delete-dialog")],_.prototype,"dialog");const ws=matchMedia("(max-width: 599px)");W("earshot-history",_);var vs=Object.defineProperty,Z=(o,t,e,i)=>{for(var s=void 0,n=o.length-1,r;n>=0;n--)(r=o[n])&&(s=r(t,e,s)||s);return s&&vs(t,e,s),s};const nt={history:{icon:"history",load:async()=>{}},microphones:{icon:"microphone",load:()=>Q(()=>import("./microphones.js"),[],import.meta.url)},privacy:{icon:"shield",load:()=>Q(()=>import("./privacy.js"),[],import.meta.url)},access:{icon:"list",load:()=>Q(()=>import("./access-log.js"),[],import.meta.url)}},bs=3e3;class H extends x{constructor(){super(...arguments),this.words=new L,this.place="history",this.loaded=new Set(["history"]),this.problem="",this.signIn=new Ne,this.transport=new je,this.#e=async()=>{clearTimeout(this.#t);const t=this.signIn.session();this.transport.open(t.then(e=>e.signed_in,()=>!1));try{this.session=await t}catch{this.transport.close(),this.#t=setTimeout(this.#e,bs);return}this.session.signed_in?this.problem="":(this.transport.close(),await Q(()=>import("./sign-in.js"),[],import.meta.url),this.loaded=new Set([...this.loaded,"sign-in"]))},this.#r=async()=>{new URLSearchParams(location.hash.slice(1)).has("token")&&(await this.#i(),await this.#e());const t=location.hash.replace(/^#\/?/,"");if(this.place=t in nt?t:"history",this.loaded.has(this.place))return;const e=this.place;await nt[e].load(),this.loaded=new Set([...this.loaded,e])},this.#a=async()=>{this.transport.close(),await this.signIn.signOut().catch(()=>{}),await this.#e()}}#t;static{this.styles=[pt,ut,P`
:host {
display: block;
max-inline-size: 60rem;
margin-inline: auto;
padding-inline: 0.75rem;
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
background: var(--surface);
}
h1 {
margin: 0;
font-size: 1.2rem;
}
nav {
display: flex;
flex: 1;
gap: 0.25rem;
justify-content: flex-end;
}
nav a {
display: inline-flex;
align-items: center;
gap: 0.35rem;
min-block-size: 40px;
padding-inline: 0.6rem;
border-radius: 0.6rem;
color: var(--muted);
text-decoration: none;
}
nav a:hover {
background: var(--raised);
}
nav a[aria-current] {
color: var(--accent);
box-shadow: inset 0 -2px var(--accent);
border-radius: 0;
}
main {
padding-block-end: 5rem;
}
.pairing {
padding: 0.75rem;
border: 1px solid var(--accent);
border-radius: 0.6rem;
}
footer {
padding-block: 1rem;
color: var(--muted);
font-size: 0.875rem;
}
@media (max-width: 699px) {
nav {
justify-content: space-between;
}
nav a {
flex-direction: column;
gap: 0;
padding-inline: 0.2rem;
font-size: 0.7rem;
}
h1 {
position: absolute;
clip-path: inset(50%);
inline-size: 1px;
overflow: hidden;
}
}
`]}connectedCallback(){super.connectedCallback(),addEventListener("hashchange",this.#r),this.transport.watch(()=>{const{link:t,role:e}=this.transport;t==="refused"&&this.#e(),t!=="ready"?this.pairing=void 0:e==="admin"&&this.#o(),this.requestUpdate()}),this.#s()}disconnectedCallback(){super.disconnectedCallback(),removeEventListener("hashchange",this.#r),clearTimeout(this.#t),this.transport.close()}async#s(){const t=L.load(navigator.languages),e=new URLSearchParams(location.search).get("sign_in");e&&(this.problem={refused:"sign.refused",expired:"sign.expired"}[e]??"sign.failed",history.replaceState(null,"",location.pathname+location.hash)),this.words=await t,document.documentElement.lang=this.words.locale,await this.#i(),this.#r(),await this.#e()}async#i(){const t=new URLSearchParams(location.hash.slice(1)).get("token");if(t){history.replaceState(null,"",location.pathname+location.search);try{await this.signIn.withToken(t)}catch{this.problem="sign.wrong"}}}#e;async#o(){try{await this.transport.subscribe("pairing/subscribe",{},t=>this.pairing=t)}catch{}}#r;#a;render(){const t=this.words.t.bind(this.words);if(!this.session)return c`<header><h1>Earshot</h1></header>`;if(!this.session.signed_in)return c`<header><h1>Earshot</h1></header>
<main>${this.loaded.has("sign-in")?c`<earshot-sign-in .words=${this.words} .signIn=${this.signIn} .methods=${this.session.methods} .problem=${this.problem}
@signed-in=${this.#e}></earshot-sign-in>`:h}</main>`;const e=Object.keys(nt).filter(i=>i!=="access"||this.transport.role==="admin");return c`
<header>
<h1>Earshot</h1>
<nav aria-label=${t("page.sections")}>
${e.map(i=>c`<a href="#/${i}" aria-current=${i===this.place?"page":h}>${w(nt[i].icon)}<span>${t(`page.${i}`)}</span></a>`)}
<button class="icon" aria-label=${t("page.sign_out")} title=${t("page.sign_out")} @click=${this.#a}>${w("leave")}</button>
</nav>
</header>
${this.pairing?.name?c`<p class="pairing" role="status">${t("pair.code",{name:this.pairing.name,code:this.pairing.code})}</p>`:h}
<main>${this.#n()}</main>
<footer>${t("page.signed_in",{name:this.session.name})} · Earshot ${this.transport.version}</footer>
`}#n(){const{words:t,transport:e,place:i}=this;if(!this.loaded.has(i))return h;switch(i){case"history":return c`<h2 class="heard">${t.t("page.history")}</h2><earshot-history .transport=${e} .words=${t}></earshot-history>`;case"microphones":return c`<earshot-microphones .transport=${e} .words=${t}></earshot-microphones>`;case"privacy":return c`<earshot-privacy .transport=${e} .words=${t}></earshot-privacy>`;case"access":return c`<earshot-access-log .transport=${e} .words=${t}></earshot-access-log>`}}}Z([$()],H.prototype,"words");Z([$()],H.prototype,"session");Z([$()],H.prototype,"place");Z([$()],H.prototype,"loaded");Z([$()],H.prototype,"problem");Z([$()],H.prototype,"pairing");W("earshot-page",H);export{h as A,Wt as C,De as S,P as a,c as b,ut as c,W as d,tt as e,w as f,bt as g,x as i,ot as m,y as n,vt as p,$ as r,ne as s,pt as t,_e as w};

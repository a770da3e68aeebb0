import{W as w,i as f,t as k,c as $,a as y,e as v,b as a,A as u,f as x,p as A,n as m,r as h,h as W,d as _}from"./page.js";const z={title:"A wake word of your own",word:"Word",about:"A wake word hears best those it was made from: let everybody who will use it say it, three times each. Nothing is kept unless you want it: closing this, or leaving the page, forgets what was said.",replace:"Replace my word of that name",start:"Start",say:"Say only “{word}” each time, and then nothing for a second.",near:"From about a metre:",usual:"From where you usually are:",far:"From across the room, or with the radio on:",record:"Record",listening:"Listening: say it now",heard:"Heard.",progress:"{n} of {of} recordings",enough:"That is enough: make the word now.",recordings:"Recordings",voice:"Voice",room:"Room",loud:"Too loud for the microphone; a little further away is better.",undo:"Take back the newest",keep:"Keep the recordings in the history",make:"Make the word",making:"The word is being made. A small machine may take a minute.",made:"“{word}” was made",expected:"Expected, from recordings that it did not learn from: {quiet} missed in a quiet room, {noise} over noise 10 dB below the voice; at most {n} false triggers in an hour of other people talking without a pause. Voices that it was not made from are missed more often.",unlike:{one:"Recording {numbers} does not sound like the others. If something else was said in it, make the word again.",other:"Recordings {numbers} do not sound like the others. If something else was said in them, make the word again."},kept:{one:"{n} recording is in the history.",other:"{n} recordings are in the history."},snippet:"For the configuration",copy:"Copy",copied:"Copied.",again:"Make it again",closed:"The word was not made, and what was said is forgotten.",lost:"The connection to Earshot was lost, and what was said is forgotten. Begin again.",unsure:"The word may have been made all the same: when you begin again, Earshot says whether there is one."},S={title:"Ein eigenes Aktivierungswort",word:"Wort",about:"Ein Aktivierungswort hört die am besten, mit deren Stimmen es gemacht wurde: Alle, die es benutzen werden, sollten es je dreimal sagen. Nichts wird behalten, wenn du es nicht willst: Wird dies geschlossen oder die Seite verlassen, ist das Gesagte vergessen.",replace:"Mein Wort dieses Namens ersetzen",start:"Beginnen",say:"Sag jedes Mal nur „{word}“ und dann eine Sekunde lang nichts.",near:"Aus etwa einem Meter:",usual:"Von da, wo du meistens bist:",far:"Quer durch den Raum oder bei laufendem Radio:",record:"Aufnehmen",listening:"Ich höre: Sag es jetzt",heard:"Gehört.",progress:"{n} von {of} Aufnahmen",enough:"Das genügt: Jetzt kann das Wort gemacht werden.",recordings:"Aufnahmen",voice:"Stimme",room:"Raum",loud:"Zu laut für das Mikrofon; etwas weiter weg ist besser.",undo:"Die neueste zurücknehmen",keep:"Die Aufnahmen im Verlauf behalten",make:"Das Wort machen",making:"Das Wort wird gemacht. Ein kleiner Rechner braucht vielleicht eine Minute.",made:"„{word}“ ist gemacht",expected:"Zu erwarten, nach Aufnahmen, aus denen es nicht gelernt hat: {quiet} überhört in einem stillen Raum, {noise} bei Geräusch 10 dB unter der Stimme; höchstens {n} Fehlauslösungen in einer Stunde, in der andere pausenlos reden. Andere Stimmen werden öfter überhört.",unlike:{one:"Aufnahme {numbers} klingt nicht wie die anderen. Wurde darin etwas anderes gesagt, mach das Wort noch einmal.",other:"Die Aufnahmen {numbers} klingen nicht wie die anderen. Wurde darin etwas anderes gesagt, mach das Wort noch einmal."},kept:{one:"{n} Aufnahme ist im Verlauf.",other:"{n} Aufnahmen sind im Verlauf."},snippet:"Für die Konfiguration",copy:"Kopieren",copied:"Kopiert.",again:"Noch einmal machen",closed:"Das Wort wurde nicht gemacht, und das Gesagte ist vergessen.",lost:"Die Verbindung zu Earshot ging verloren, und das Gesagte ist vergessen. Beginn noch einmal.",unsure:"Vielleicht wurde das Wort trotzdem gemacht: Wenn du noch einmal beginnst, sagt Earshot, ob es eines gibt."};function p(d){return new w(d.locale,d.locale.startsWith("de")?S:z)}var R=Object.defineProperty,o=(d,e,t,i)=>{for(var s=void 0,n=d.length-1,l;n>=0;n--)(l=d[n])&&(s=l(e,t,s)||s);return s&&R(e,t,s),s};const M=15*6e4,g=-70,D=["near","usual","far"];class r extends f{constructor(){super(...arguments),this.satellite="",this.level=g,this.phrase="",this.replace=!1,this.keep=!1,this.refused=!1,this.samples=[],this.doing="",this.problem="",this.copied=!1,this.told="",this.#s=0,this.#a=e=>{this.samples.length&&e.preventDefault()},this.#c=()=>{if(this.transport.link==="ready"||!this.begun)return;const e=p(this.words);this.problem=e.t("lost")+(this.doing==="making"?` ${e.t("unsure")}`:""),this.#t(),this.#e("#word")},this.#u=()=>this.#i("starting",async e=>{let t;this.phrase=this.phrase.trim();const i={satellite:this.satellite,phrase:this.phrase,replace:this.replace};this.refused=this.replace;const s=await this.transport.subscribe("wake_words/enroll",i,()=>{},n=>t=n);if(!e())return s();this.#r=s,this.begun=t,this.#e("#record")}),this.#p=()=>this.#i("listening",async e=>{const t=await this.transport.call("wake_words/record",{enrolment:this.begun.enrolment});e()&&(this.samples=[...this.samples,t])}),this.#m=()=>this.#i("undoing",async e=>{const t=await this.transport.call("wake_words/undo",{enrolment:this.begun.enrolment});e()&&(this.samples=this.samples.slice(0,t.samples)),this.#e("#record")}),this.#g=()=>this.#i("making",async e=>{this.#e("h2");const t=await this.transport.call("wake_words/finish",{enrolment:this.begun.enrolment,keep:this.keep},M);e()&&(this.#t(),this.made=t,this.copied=!1,this.#e("h2"))}),this.#b=e=>{e.preventDefault(),this.made?this.dialog.close():this.begun?this.#p():this.phrase.trim()&&this.#u()},this.#n=e=>{e.preventDefault(),this.doing!=="making"&&this.dialog.close()},this.#w=()=>{this.begun&&(this.told=p(this.words).t(this.doing==="making"?"unsure":"closed")),this.#d()},this.#$=()=>{this.#l(this.phrase,!0),this.#e("#word")},this.#y=async()=>{const e=this.renderRoot.querySelector("input[readonly]");e.select();try{await navigator.clipboard.writeText(e.value),this.copied=!0}catch{this.copied=document.execCommand("copy")}}}#r;#o;#s;static{this.styles=[k,$,y`
dialog {inline-size: min(32rem, calc(100vw - 2rem));max-block-size: calc(100dvh - 2rem);padding: 1.25rem;border: 1px solid var(--line);border-radius: 1rem;background: var(--surface);color: var(--text);overflow-y: auto;}
dialog::backdrop {background: rgb(0 0 0 / 50%);}
form {display: grid;gap: 0.9rem;}
h2 {font-size: 1.2rem;}
label.field {display: grid;gap: 0.2rem;}
#record {min-block-size: 4rem;font-size: 1.2rem;}
meter, progress {inline-size: 100%;}
ol {display: grid;gap: 0.5rem;margin: 0;padding-inline-start: 1.6rem;max-block-size: 30vh;overflow-y: auto;}
.level {display: grid;grid-template-columns: 4rem minmax(0, 1fr) 5rem;align-items: center;gap: 0.5rem;font-size: 0.9rem;line-height: 1.2;}
.number {text-align: end;}
.warn {color: var(--warn);}
.buttons {justify-content: flex-end;}
input[readonly] {flex: 1 1 16rem;font-family: monospace;}
`]}disconnectedCallback(){super.disconnectedCallback(),this.#d()}async open(){await this.updateComplete,this.#o?.(),this.#o=this.transport.watch(this.#c),addEventListener("beforeunload",this.#a),this.#l("",!1),this.keep=!1,this.told="",this.dialog.showModal(),this.#e("#word")}#l(e,t){this.#t(),this.phrase=e,this.replace=this.refused=t,this.made=void 0,this.problem=""}#t(){this.#s++,this.#r?.(),this.#r=void 0,this.begun=void 0,this.samples=[],this.doing=""}#d(){this.#t(),this.#o?.(),removeEventListener("beforeunload",this.#a)}#a;#c;#u;#p;#m;#g;async#i(e,t){if(this.doing)return;const i=this.#s,s=()=>i===this.#s;this.doing=e,this.problem="";try{await t(s)}catch(n){if(!s())return;this.problem=v(this.words,n),this.refused||=!this.begun&&n.code==="not_allowed",n.code==="not_found"&&this.#t(),this.#e(this.begun?"#record":"#word")}finally{s()&&(this.doing="")}}#e(e){this.updateComplete.then(()=>this.renderRoot.querySelector(e)?.focus())}#b;#n;#w;render(){return a`
<p role="status" ?hidden=${!this.told}>${this.told}</p>
<dialog aria-labelledby="title" @cancel=${this.#n} @close=${this.#w}>
<form @submit=${this.#b}>${this.made?this.#A(this.made):this.begun?this.#x(this.begun):this.#v()}</form>
</dialog>
`}#v(){const e=p(this.words),t=e.t.bind(e);return a`
<h2 id="title" tabindex="-1">${t("title")}</h2>
<p>${t("about")}</p>
<label class="field">${t("word")}
<input id="word" autocomplete="off" required .value=${this.phrase} @input=${i=>this.phrase=i.target.value} /></label>
${this.#f()}
${this.refused?this.#k(t("replace"),this.replace,i=>this.replace=i):u}
<div class="bar buttons">
<button type="button" @click=${this.#n}>${this.words.t("cancel")}</button>
<button class="main" ?disabled=${this.doing!==""||!this.phrase.trim()}>${t("start")}</button>
</div>`}#x({least:e,good:t}){const i=p(this.words),s=i.t.bind(i),n=this.samples.length,l=this.doing==="making",b=s("progress",{n,of:t});return a`
<h2 id="title" tabindex="-1">${s("title")}</h2>
<p>${s("say",{word:this.phrase})}</p>
<p><strong>${s(D[Math.min(Math.floor(3*n/t),2)])}</strong></p>
<button id="record" class="main" ?disabled=${l} aria-disabled=${this.doing==="listening"}>
${x("microphone")}${s(this.doing==="listening"?"listening":"record")}</button>
${this.#h(this.words.t("mic.level"),this.level)}
${this.#f()}
<p role="status">${l?s("making"):this.doing==="listening"?s("listening"):n>=t?s("enough"):n&&!this.problem?s("heard"):""}</p>
${l?a`<progress aria-label=${s("making")}></progress>`:a`<div><progress aria-label=${s("recordings")} max=${t} .value=${Math.min(n,t)}></progress>${b}</div>`}
${n?a`<ol tabindex="0" aria-label=${s("recordings")}>${this.samples.map(c=>a`<li value=${c.number}>
${this.#h(s("voice"),c.level_dbfs)}${this.#h(s("room"),c.noise_dbfs)}
${c.clipped?a`<p class="warn">${s("loud")}</p>`:u}
</li>`)}</ol>`:u}
${this.#k(s("keep"),this.keep,c=>this.keep=c,l)}
<div class="bar buttons">
<button type="button" ?disabled=${l} @click=${this.#n}>${this.words.t("cancel")}</button>
<button type="button" ?disabled=${this.doing!==""||!n} @click=${this.#m}>${s("undo")}</button>
<button type="button" class=${n>=t?"main":""} ?disabled=${this.doing!==""||n<e} @click=${this.#g}>${s("make")}</button>
</div>`}#A(e){const t=p(this.words),i=t.t.bind(t),s=new Intl.ListFormat(this.words.locale).format(e.unlike.map(String)),n=l=>A(this.words,l);return a`
<h2 id="title" tabindex="-1">${i("made",{word:this.phrase})}</h2>
<p>${i("expected",{quiet:n(e.missed_quiet),noise:n(e.missed_noise),n:e.false_accepts})}</p>
${e.unlike.length?a`<p class="warn">${i("unlike",{n:e.unlike.length,numbers:s})}</p>`:u}
${this.keep?a`<p>${i("kept",{n:e.kept})}</p>`:u}
<p>${e.sentence}</p>
<div class="bar">
<input type="text" readonly aria-label=${i("snippet")} .value=${`{model: ${e.wake_word}, engine: own}`} />
<button type="button" @click=${this.#y}>${i("copy")}</button>
</div>
<p role="status">${this.copied?i("copied"):""}</p>
<div class="bar buttons">
<button type="button" @click=${this.#$}>${i("again")}</button>
<button class="main">${this.words.t("close")}</button>
</div>`}#f(){return this.problem?a`<p class="bad" role="alert">${this.problem}</p>`:u}#k(e,t,i,s=!1){return a`<label class="choice"><input type="checkbox" .checked=${t} ?disabled=${s}
@change=${n=>i(n.target.checked)} />${e}</label>`}#h(e,t){const i=this.words.t("mic.dbfs",{n:Math.round(t)});return a`<div class="level"><span>${e}</span>
<meter min=${g} max="0" high="-3" .value=${t} aria-label=${e} aria-valuetext=${i}></meter><span class="number">${i}</span></div>`}#$;#y}o([m({attribute:!1})],r.prototype,"transport");o([m({attribute:!1})],r.prototype,"words");o([m({attribute:!1})],r.prototype,"satellite");o([m({attribute:!1})],r.prototype,"level");o([h()],r.prototype,"phrase");o([h()],r.prototype,"replace");o([h()],r.prototype,"keep");o([h()],r.prototype,"refused");o([h()],r.prototype,"begun");o([h()],r.prototype,"samples");o([h()],r.prototype,"made");o([h()],r.prototype,"doing");o([h()],r.prototype,"problem");o([h()],r.prototype,"copied");o([h()],r.prototype,"told");o([W("dialog")],r.prototype,"dialog");_("earshot-enroll",r);export{r as Enroll};
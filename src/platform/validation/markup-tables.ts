function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

const HTML = words(`
  a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br
  button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
  fencedframe fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i
  iframe image img input ins isindex kbd keygen label legend li link listing main map mark marquee menu menuitem meta
  meter multicol nav nextid nobr noembed noframes noscript object ol optgroup option output p param picture plaintext
  portal pre progress q rb rp rt rtc ruby s samp script search section select selectedcontent slot small source spacer
  span strike strong style sub summary sup table tbody td template textarea tfoot th thead time title tr track tt u ul
  var video wbr xmp`);

const SVG = words(`
  altglyph altglyphdef altglyphitem animate animatecolor animatemotion animatetransform circle clippath color-profile
  cursor defs desc discard ellipse feblend fecolormatrix fecomponenttransfer fecomposite feconvolvematrix
  fediffuselighting fedisplacementmap fedistantlight fedropshadow feflood fefunca fefuncb fefuncg fefuncr
  fegaussianblur feimage femerge femergenode femorphology feoffset fepointlight fespecularlighting fespotlight fetile
  feturbulence filter font-face font-face-format font-face-name font-face-src font-face-uri foreignobject g glyph
  glyphref hatch hatchpath hkern line lineargradient marker mask mesh meshgradient meshpatch meshrow metadata
  missing-glyph mpath path pattern polygon polyline radialgradient rect set solidcolor stop svg switch symbol text
  textpath tref tspan use view vkern`);

const MATHML = words(`
  annotation annotation-xml maction maligngroup malignmark math menclose merror mfenced mfrac mglyph mi mlabeledtr
  mlongdiv mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mscarries mscarry msgroup msline mspace
  msqrt msrow mstack mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics`);

/** Every element of HTML (including obsolete ones), SVG and MathML, in lower case. */
export const KNOWN_ELEMENTS: ReadonlySet<string> = new Set([...HTML, ...SVG, ...MATHML]);

/** No element has a longer name. */
export const MAX_ELEMENT_NAME_LENGTH = 64;

/** Removed whether they are closed or not: they affect the whole page, and the following text becomes part of them. */
export const ACTIVE_ELEMENTS: ReadonlySet<string> = new Set(words('script style'));

/** Elements whose tag alone has an effect: void elements, and those of SVG that change the attributes of others. */
export const TAG_ONLY_ELEMENTS: ReadonlySet<string> = new Set(
  words(`
    area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr
    animate animatecolor animatemotion animatetransform discard set`),
);

/** Their content is not text of the page, so it is removed with a closed pair. */
export const ELEMENTS_REMOVED_WITH_CONTENT: ReadonlySet<string> = new Set(
  words('script style iframe noscript noembed noframes svg math object embed applet template frameset'),
);

/** Attributes of known elements that fetch or link something, or interact with the page around them. */
export const UNSAFE_ATTRIBUTES: ReadonlySet<string> = new Set(
  words(`
    src srcset srcdoc href xlink:href action formaction data poster background ping manifest codebase classid archive
    code dynsrc lowsrc usemap http-equiv form popovertarget commandfor is slot id name class`),
);

// The products' pictures: small drawings over a sky, so that the page needs no image from anywhere.

const SHAPES = {
  delta: `<path d="M200 70 320 190 200 165 80 190Z" fill="C1"/><path d="M200 70v95L80 190Z" fill="C2"/>
    <path d="M200 165c-12 30 20 40 4 78" fill="none" stroke="C3" stroke-width="3"/><path d="m196 205 16-6-4 14zM208 236l-16 2 8 11z" fill="C1"/>`,
  box: `<g stroke="C3" stroke-width="4" fill="none"><path d="M150 60v180M250 60v180M190 45v180M290 45v180"/></g>
    <path d="M150 70l100 0 40-15H190ZM150 120h100V70H150Z" fill="C1"/><path d="M250 70l40-15v50l-40 15Z" fill="C2"/>
    <path d="M150 180h100v50H150Z" fill="C1"/><path d="M250 180l40-15v50l-40 15Z" fill="C2"/>`,
  stunt: `<path d="M200 65 335 205 200 150 65 205Z" fill="C1"/><path d="M200 65v85L65 205Z" fill="C2"/>
    <path d="M200 110 268 178M200 110 132 178" stroke="#fff" stroke-width="4" opacity=".7"/>
    <path d="M170 165 150 280M230 165 250 280" stroke="C3" stroke-width="2"/>`,
  glider: `<path d="M70 170 330 120 322 140 215 160 330 195 322 205 190 172 80 188Z" fill="C1"/>
    <path d="M60 165 130 160 345 95 350 108 130 188 64 182Z" fill="C2"/><path d="M78 172 60 130 86 160Z" fill="C3"/>`,
  paper: `<g id="p"><path d="M90 190 210 110 160 200Z" fill="#fff"/><path d="M210 110 160 200 175 170Z" fill="C1"/><path d="M90 190 210 110 130 188Z" fill="C2"/></g>
    <use href="#p" transform="translate(105 -45) scale(.9)"/><use href="#p" transform="translate(110 75) scale(.75)"/>`,
  flyer: `<path d="M105 165H310" stroke="C3" stroke-width="6" stroke-linecap="round"/><path d="M170 160 150 75 215 75 225 160Z" fill="C1"/>
    <path d="M170 172 150 250 215 250 225 172Z" fill="C2"/><path d="M105 165 90 128 112 130 122 165ZM105 168 92 200 112 198 122 168Z" fill="C1"/>
    <ellipse cx="316" cy="165" rx="7" ry="46" fill="C3" opacity=".8"/>`,
  windsock: `<path d="M110 55v205" stroke="C3" stroke-width="7" stroke-linecap="round"/><path d="M113 70 300 105 300 150 113 140Z" fill="#fff"/>
    <path d="M113 70 151 77 151 142 113 140ZM189 84 227 91 227 146 189 144ZM264 98 300 105 300 150 264 148Z" fill="C1"/>`,
  anemometer: `<path d="M200 150V265" stroke="C3" stroke-width="9" stroke-linecap="round"/><g stroke="C3" stroke-width="5"><path d="M200 150 105 120M200 150 295 120M200 150 205 85"/></g>
    <path d="M75 120a30 30 0 0 0 60 0ZM265 120a30 30 0 0 0 60 0ZM178 85a27 27 0 0 0 54 0Z" fill="C1"/><circle cx="200" cy="150" r="14" fill="C2"/>`,
  balloon: `<path d="M200 45c62 0 92 44 92 86 0 48-52 82-72 96h-40c-20-14-72-48-72-96 0-42 30-86 92-86Z" fill="C1"/>
    <path d="M200 45c26 0 40 44 40 86 0 48-22 82-30 96h-20c-8-14-30-48-30-96 0-42 14-86 40-86Z" fill="C2"/>
    <path d="M184 227 188 250M216 227 212 250" stroke="C3" stroke-width="3"/><rect x="182" y="250" width="36" height="24" rx="5" fill="C3"/>`,
  book: `<path d="M95 95c45-18 80-10 105 8 25-18 60-26 105-8v140c-45-16-80-10-105 8-25-18-60-24-105-8Z" fill="#fff"/>
    <path d="M200 103v140c-25-18-60-24-105-8V95c45-18 80-10 105 8Z" fill="C2" opacity=".55"/>
    <path d="M232 165a17 17 0 0 1 4-33 22 22 0 0 1 42 8 13 13 0 0 1 0 25Z" fill="C1"/><path d="M120 130h52M120 150h52M120 170h40" stroke="C3" stroke-width="4" opacity=".5"/>`,
};

/** A picture as the text of an SVG element. */
export function picture({ shape, hue }, title) {
  const drawing = (SHAPES[shape] ?? SHAPES.delta)
    .replaceAll("C1", `hsl(${hue} 72% 56%)`)
    .replaceAll("C2", `hsl(${hue} 78% 74%)`)
    .replaceAll("C3", `hsl(${hue} 35% 26%)`)
    .replaceAll('id="p"', `id="p-${hue}"`)
    .replaceAll('href="#p"', `href="#p-${hue}"`);
  const sky = (hue + 185) % 360;
  return `<svg class="art" viewBox="0 0 400 300" role="img" aria-label="${title}" xmlns="http://www.w3.org/2000/svg">
    <rect width="400" height="300" fill="hsl(${sky} 48% 86%)"/>
    <circle cx="330" cy="62" r="34" fill="#fff" opacity=".55"/>
    <path d="M-10 262c60-44 118-34 168-12 66-42 150-40 262 8v60H-10Z" fill="#fff" opacity=".5"/>
    <path d="M40 88a16 16 0 0 1 2-31 24 24 0 0 1 45 4 15 15 0 0 1 2 27Z" fill="#fff" opacity=".8"/>
    ${drawing}
  </svg>`;
}

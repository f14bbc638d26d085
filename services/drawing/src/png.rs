//! A chart as a picture of dots, for slides, letters and programs that take no SVG.

use resvg::tiny_skia::{Color, Pixmap, PixmapMut, Transform};
use resvg::usvg::{self, Options, Tree, fontdb};
use std::sync::{Arc, LazyLock};

/// Dots for one unit of the drawing: sharp on paper at half a page's width.
const SCALE: f32 = 2.0;
/// The typeface that the program carries, so that a picture has words on a machine that has no fonts. The condensed cut,
/// because the drawing is laid out for faces of that width.
const TYPEFACE: &str = "DejaVu Sans";

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The drawing is not understood.
    #[error("the drawing could not be read: {0}")]
    Drawing(#[from] usvg::Error),
    /// The drawing has no size or a huge one.
    #[error("the drawing has no size that a picture can have")]
    Size,
    /// The picture could not be written.
    #[error("the picture could not be written: {0}")]
    Written(String),
}

/// The typefaces, read once.
static TYPEFACES: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut typefaces = fontdb::Database::new();
    typefaces.load_font_data(dejavu::sans_condensed::regular().to_vec());
    typefaces.load_font_data(dejavu::sans_condensed::bold().to_vec());
    typefaces.set_sans_serif_family(TYPEFACE);
    Arc::new(typefaces)
});

/// Draws a standalone SVG of ours as a PNG, in its light colours.
///
/// # Errors
/// See [`PngError`].
pub fn png(svg: &str) -> Result<Vec<u8>, PngError> {
    let options = Options {
        font_family: TYPEFACE.to_owned(),
        fontdb: TYPEFACES.clone(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options)?;
    let size = tree
        .size()
        .to_int_size()
        .scale_by(SCALE)
        .ok_or(PngError::Size)?;
    let mut picture = Pixmap::new(size.width(), size.height()).ok_or(PngError::Size)?;
    picture.fill(Color::WHITE);
    let mut dots: PixmapMut<'_> = picture.as_mut();
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut dots);
    picture
        .encode_png()
        .map_err(|error| PngError::Written(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: &str = ".chart{--ink:#102030;font:13px/1.3 Nobody,sans-serif}\n.chart .word{fill:var(--ink)}\n\
                         .chart .word:hover{fill:red}\n@media print{.chart{--ink:#fff}}\n";

    fn drawing(inside: &str) -> String {
        let drawn = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 120 40\">{inside}</svg>"
        );
        let sheet = crate::literal::style(STYLE);
        crate::literal::literal(&drawn, &simplecss::StyleSheet::parse(&sheet))
    }

    fn dots(svg: &str) -> Pixmap {
        Pixmap::decode_png(&png(svg).unwrap()).unwrap()
    }

    fn has_ink(picture: &Pixmap) -> bool {
        let ink = |dot: &resvg::tiny_skia::PremultipliedColorU8| {
            (dot.red(), dot.green(), dot.blue()) == (0x10, 0x20, 0x30)
        };
        picture.pixels().iter().any(ink)
    }

    #[test]
    fn a_picture_has_words_and_our_colours_whatever_fonts_the_machine_has() {
        let words = dots(&drawing(
            "<text class=\"word\" x=\"10\" y=\"30\">HIM</text>",
        ));
        assert_eq!((words.width(), words.height()), (240, 80));
        assert!(has_ink(&words));
        assert!(!has_ink(&dots(&drawing(""))));
    }

    #[test]
    fn what_is_no_drawing_is_an_error_and_no_picture() {
        assert!(matches!(png("<svg"), Err(PngError::Drawing(_))));
    }
}

//! Where a contribution counts. A person has a home and, while in hospital, a bed: both are one place, so that a sum over
//! any areas takes the person once, whichever of the two lies within them.

/// A home area and, for a stay, the site of the bed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place<'a> {
    /// Where the person lives, or the area that an event is about.
    pub home: &'a str,
    /// Where the person is cared for, when that is another area.
    pub site: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// A home and perhaps a site; a site that is the home itself adds nothing.
    #[must_use]
    pub fn new(home: &'a str, site: Option<&'a str>) -> Self {
        Self {
            home,
            site: site.filter(|site| *site != home),
        }
    }

    /// Whether home or site is among some areas.
    #[must_use]
    pub fn is_within(self, area: impl Fn(&str) -> bool) -> bool {
        area(self.home) || self.site.is_some_and(area)
    }
}

impl<'a> From<&'a str> for Place<'a> {
    fn from(home: &'a str) -> Self {
        Self { home, site: None }
    }
}

//! Where a database can stand, and which place suits this computer: two tables and the way to read them.

use crate::{
    guide::{RegionView, Regions},
    text,
};

/// Where a database can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// As the API calls it.
    pub id: &'static str,
    /// "Singapore".
    pub place: &'static str,
    /// `aws` or `gcp`.
    pub platform: &'static str,
}

const fn aws(id: &'static str, place: &'static str) -> Region {
    Region { id, place, platform: "aws" }
}

const fn gcp(id: &'static str, place: &'static str) -> Region {
    Region { id, place, platform: "gcp" }
}

/// All of them, as published in August 2026.
pub const REGIONS: [Region; 18] = [
    aws("us-east-1", "North Virginia, USA"),
    aws("us-east-2", "Ohio, USA"),
    aws("us-west-1", "North California, USA"),
    aws("us-west-2", "Oregon, USA"),
    aws("ca-central-1", "Montreal, Canada"),
    aws("sa-east-1", "São Paulo, Brazil"),
    aws("eu-central-1", "Frankfurt, Germany"),
    aws("eu-west-1", "Dublin, Ireland"),
    aws("eu-west-2", "London, United Kingdom"),
    aws("ap-southeast-1", "Singapore"),
    aws("ap-northeast-1", "Tokyo, Japan"),
    aws("ap-south-1", "Mumbai, India"),
    aws("ap-southeast-2", "Sydney, Australia"),
    aws("af-south-1", "Cape Town, South Africa"),
    gcp("us-central1", "Iowa, USA"),
    gcp("us-east4", "North Virginia, USA"),
    gcp("europe-west1", "Saint-Ghislain, Belgium"),
    gcp("asia-northeast1", "Tokyo, Japan"),
];

/// For zones of which nothing is known.
const ANYWHERE: &str = "us-east-1";

/// Which region suits a time zone: by its name or, ending in `/`, by what it begins with. The first that fits counts,
/// so a zone stands before its area. The measure is the network's way, which is not always the map's.
const SUITS: [(&str, &str); 22] = [
    // Asia and the Indian Ocean
    ("ap-northeast-1", "Asia/Tokyo Asia/Seoul Asia/Pyongyang Asia/Vladivostok Asia/Sakhalin Pacific/Guam Japan ROK"),
    ("ap-south-1", "Asia/Kolkata Asia/Calcutta Asia/Colombo Asia/Karachi Asia/Kathmandu Indian/Maldives"),
    ("ap-south-1", "Asia/Dubai Asia/Muscat Asia/Qatar Asia/Bahrain Asia/Riyadh Asia/Kuwait"),
    (
        "eu-central-1",
        "Asia/Istanbul Asia/Nicosia Asia/Jerusalem Asia/Beirut Asia/Damascus Asia/Amman Asia/Gaza Asia/Hebron",
    ),
    ("eu-central-1", "Asia/Baghdad Asia/Tehran Asia/Tbilisi Asia/Yerevan Asia/Baku Asia/Almaty Asia/Tashkent"),
    ("eu-central-1", "Asia/Yekaterinburg Asia/Omsk Asia/Novosibirsk"),
    ("af-south-1", "Indian/Mauritius Indian/Reunion Indian/Antananarivo"),
    ("ap-southeast-1", "Asia/ Indian/ Singapore Hongkong PRC ROC"),
    // Africa
    ("af-south-1", "Africa/Johannesburg Africa/Windhoek Africa/Gaborone Africa/Maputo Africa/Harare Africa/Lusaka"),
    ("eu-central-1", "Africa/ Egypt Libya"),
    // Europe
    ("eu-west-2", "Europe/London Europe/Jersey Europe/Guernsey Europe/Isle_of_Man Europe/Lisbon GB Portugal"),
    ("eu-west-2", "Atlantic/Madeira Atlantic/Canary Atlantic/Azores"),
    ("eu-west-1", "Europe/Dublin Eire Atlantic/Reykjavik Atlantic/Faroe Iceland"),
    ("eu-central-1", "Europe/ Arctic/ Poland Turkey Israel Iran CET MET EET WET"),
    // Australia and the Pacific
    ("us-west-1", "Pacific/Honolulu US/Hawaii"),
    ("ap-southeast-2", "Australia/ Pacific/ NZ"),
    // The Americas
    ("us-west-1", "America/Los_Angeles America/Tijuana America/Phoenix US/Pacific US/Arizona"),
    (
        "us-west-2",
        "America/Vancouver America/Edmonton America/Anchorage America/Denver America/Boise US/Mountain US/Alaska",
    ),
    ("us-east-2", "America/Chicago America/Detroit America/Winnipeg America/Indiana/ America/Kentucky/ US/Central"),
    ("ca-central-1", "America/Toronto America/Halifax America/Moncton America/St_Johns Canada/"),
    (
        "sa-east-1",
        "America/Sao_Paulo America/Bahia America/Fortaleza America/Recife America/Belem America/Manaus America/Cuiaba \
         America/Argentina/ America/Buenos_Aires America/Montevideo America/Asuncion America/Santiago America/La_Paz \
         Brazil/ Chile/",
    ),
    ("us-east-1", "America/ US/ Atlantic/Bermuda Mexico/"),
];

/// The region of this id.
pub fn find(id: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|region| region.id == id)
}

/// The id of the region that suits a time zone (`Asia/Dhaka`), and the reason as a sentence.
pub fn suggest(time_zone: &str) -> (&'static str, String) {
    let fits = |name: &str| if name.ends_with('/') { time_zone.starts_with(name) } else { time_zone == name };
    let suiting = SUITS.iter().find(|(_, names)| names.split(' ').any(fits));
    let id = suiting.map_or(ANYWHERE, |(id, _)| id);
    let place = find(id).map_or(id, |region| region.place);
    let reason = match suiting {
        Some(_) => {
            let zone = text::line(time_zone, 60);
            format!("Your clock is on {zone} time; from there, {place} is usually the quickest to reach.")
        }
        None => format!("Your clock does not say where you are; {place} is in reach of most places."),
    };
    (id, reason)
}

/// The regions as they are shown, with the one that suits this time zone.
pub fn view(time_zone: &str) -> Regions {
    let (suggested, reason) = suggest(time_zone);
    Regions { all: REGIONS.iter().map(RegionView::from).collect(), suggested: suggested.into(), reason }
}

impl From<&Region> for RegionView {
    fn from(region: &Region) -> Self {
        Self { id: region.id.into(), place: region.place.into(), platform: region.platform.into() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_time_zone_leads_to_a_region() {
        let rows = [
            ("Asia/Dhaka", "ap-southeast-1"),
            ("Asia/Singapore", "ap-southeast-1"),
            ("Asia/Hong_Kong", "ap-southeast-1"),
            ("Asia/Jakarta", "ap-southeast-1"),
            ("Asia/Tokyo", "ap-northeast-1"),
            ("Asia/Seoul", "ap-northeast-1"),
            ("Asia/Kolkata", "ap-south-1"),
            ("Asia/Dubai", "ap-south-1"),
            ("Asia/Jerusalem", "eu-central-1"),
            ("Europe/Berlin", "eu-central-1"),
            ("Europe/London", "eu-west-2"),
            ("Europe/Dublin", "eu-west-1"),
            ("Africa/Johannesburg", "af-south-1"),
            ("Africa/Lagos", "eu-central-1"),
            ("Australia/Perth", "ap-southeast-2"),
            ("Pacific/Auckland", "ap-southeast-2"),
            ("America/New_York", "us-east-1"),
            ("America/Chicago", "us-east-2"),
            ("America/Indiana/Knox", "us-east-2"),
            ("America/Los_Angeles", "us-west-1"),
            ("America/Denver", "us-west-2"),
            ("America/Toronto", "ca-central-1"),
            ("America/Sao_Paulo", "sa-east-1"),
            ("America/Argentina/Salta", "sa-east-1"),
            ("America/Bogota", "us-east-1"),
            ("UTC", "us-east-1"),
            ("Etc/Unknown", "us-east-1"),
            ("", "us-east-1"),
        ];
        for (zone, id) in rows {
            assert_eq!(suggest(zone).0, id, "{zone}");
        }
    }

    #[test]
    fn every_suggestion_can_be_made_and_every_line_counts() {
        for (index, (id, names)) in SUITS.iter().enumerate() {
            assert_eq!(find(id).unwrap().platform, "aws");
            for name in names.split(' ') {
                let zone = if name.ends_with('/') { format!("{name}Somewhere") } else { name.to_owned() };
                assert_eq!(suggest(&zone).0, *id, "{name}");
                let twice = SUITS[index + 1..].iter().any(|(_, later)| later.split(' ').any(|other| other == name));
                assert!(!twice, "{name} stands there twice");
            }
        }
    }

    #[test]
    fn the_reason_is_a_sentence() {
        let wanted = "Your clock is on Asia/Dhaka time; from there, Singapore is usually the quickest to reach.";
        assert_eq!(suggest("Asia/Dhaka").1, wanted);
        assert!(suggest("Mars/Olympus").1.starts_with("Your clock does not say where you are"));
        assert!(!suggest("Asia/\u{1b}[31mDhaka").1.contains('\u{1b}'));
    }

    #[test]
    fn the_view_has_every_region_once() {
        let view = view("Asia/Dhaka");
        let mut ids: Vec<_> = view.all.iter().map(|region| region.id.as_str()).collect();
        assert!(ids.contains(&view.suggested.as_str()));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), REGIONS.len());
    }
}

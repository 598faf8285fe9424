/// One thing that the doctor looked at.
struct Finding {
    enum Severity: String {
        case good, warning, failure
    }

    let severity: Severity
    /// What kind of thing it is, such as `library` or `clock`.
    let part: String
    /// What was found, with the name of the thing.
    let message: String
    /// What to do about it; empty where all is well.
    let advice: String

    static func good(_ part: String, _ message: String) -> Finding {
        Finding(severity: .good, part: part, message: message, advice: "")
    }

    static func warning(_ part: String, _ message: String, do advice: String) -> Finding {
        Finding(severity: .warning, part: part, message: message, advice: advice)
    }

    static func failure(_ part: String, _ message: String, do advice: String) -> Finding {
        Finding(severity: .failure, part: part, message: message, advice: advice)
    }
}

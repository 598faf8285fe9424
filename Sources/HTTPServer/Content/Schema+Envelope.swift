extension Schema {
    /// The envelope of a successful answer around its data.
    public static func envelope(_ data: Schema) -> Schema {
        .object([
            Property("success", .boolean, "Always true."),
            Property("data", data),
            Property(
                "meta",
                .object([Property("executionTime", .integer, "How long it took, in milliseconds.")]),
                "What is to be said about the data; some answers add more."),
        ])
    }

    /// The envelope of every error.
    public static let failure = Schema.named(
        "Error",
        .object([
            Property("success", .boolean, "Always false."),
            Property("error", error),
        ]))

    /// What an error's envelope says of the error.
    public static let error = Schema.named(
        "ErrorBody",
        .object([
            Property("code", .string(values: ErrorCode.allCases.map(\.rawValue)), codes),
            Property("message", .string(), "For people; may change."),
            Property("details", .map(.anything), "What programs need to know; depends on the code."),
        ]))

    private static let codes =
        "Stable, for programs.\n\n"
        + ErrorCode.allCases.map { "- `\($0.rawValue)` (\($0.status)): \($0.title)." }.joined(separator: "\n")
}

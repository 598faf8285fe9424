/// What all parts of one decoding share.
final class JSONDecodingContext {
    let options: JSON.DecodingOptions

    init(_ options: JSON.DecodingOptions) { self.options = options }

    /// An error at a value, or at a member of it that is not there.
    func error(
        _ code: JSONError.Code, _ message: String, at view: JSONView, _ path: JSONPath?,
        _ key: (any CodingKey)? = nil
    ) -> JSONError {
        var keys = JSONPath.keys(path)
        if let key { keys.append(key) }
        return JSONError(
            code, message, offset: view.sourceRange.lowerBound,
            path: JSONPath.describe(keys, root: options.root))
    }

    /// What the standard library's and other types' own decoding says, in our words.
    func translate(_ error: DecodingError) -> JSONError {
        func make(_ code: JSONError.Code, _ message: String, _ keys: [any CodingKey]) -> JSONError {
            JSONError(code, message, path: JSONPath.describe(keys, root: options.root))
        }
        switch error {
        case .typeMismatch(_, let context):
            return make(.typeMismatch, context.debugDescription, context.codingPath)
        case .valueNotFound(_, let context): return make(.missing, "expected a value", context.codingPath)
        case .keyNotFound(let key, let context):
            return make(.missing, "is required", context.codingPath + [key])
        case .dataCorrupted(let context):
            // What enums with raw values say names the Swift type, which is no news for a client.
            let isRawValue = context.debugDescription.hasPrefix("Cannot initialize")
            let message = isRawValue ? "not one of the values allowed here" : context.debugDescription
            return make(.invalidValue, message, context.codingPath)
        @unknown default: return make(.invalidValue, "not acceptable", [])
        }
    }
}

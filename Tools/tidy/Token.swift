/// A piece of Swift code as the rules see it: white space and comments are gone, a text is one token.
struct Token: Equatable {
    enum Kind: Equatable {
        /// A name, a keyword or a number.
        case word
        /// A string or a regular expression; what stands inside `\( )` follows as tokens before it.
        case text
        /// One character of punctuation.
        case mark
    }

    var kind: Kind
    var text: String
    var line: Int
    /// Nothing stands between this token and the one before it.
    var isGlued: Bool

    func isWord(_ word: String) -> Bool { kind == .word && text == word }
    func isMark(_ mark: String) -> Bool { kind == .mark && text == mark }
}

/// What a comment says on one line.
struct Comment: Equatable {
    var line: Int
    var text: String
}

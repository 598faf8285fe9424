/// An object that is being decoded: finds its members by name, small objects by walking, large ones by a table that
/// is made once.
///
/// Without the table a client could make a dictionary of a million names cost a million walks.
final class JSONObjectScope {
    let decoding: JSONDecoding
    private let isLarge: Bool
    private var exact: [String: Int]?
    private var folded: [String: Int]?

    private static let largeCount = 32

    init(_ decoding: JSONDecoding) {
        self.decoding = decoding
        isLarge = decoding.view.count > Self.largeCount
    }

    private var view: JSONView { decoding.view }
    private var matchesEitherCase: Bool { decoding.context.options.keys == .eitherCase }

    /// The value of the first member of that name, or else, if told so, of that name in the other case.
    func find(_ name: String) -> JSONView? {
        if isLarge { return findInTable(name) }
        if let found = view[name] { return found }
        guard matchesEitherCase else { return nil }
        return view.members.first { JSONCase.matches($0.key, name) }?.value
    }

    private func findInTable(_ name: String) -> JSONView? {
        let exact = self.exact ?? table { $0 }
        self.exact = exact
        if let found = exact[name] { return JSONView(view.tape, found) }
        guard matchesEitherCase else { return nil }
        let folded = self.folded ?? table { JSONCase.snake($0) }
        self.folded = folded
        return folded[JSONCase.snake(name)].map { JSONView(view.tape, $0) }
    }

    private func table(_ form: (String) -> String) -> [String: Int] {
        var table: [String: Int] = [:]
        for member in view.members {
            let name = form(member.name)
            if table[name] == nil { table[name] = member.value.index }
        }
        return table
    }
}

import Base
import Wire

/// Flags, environment and file, parted by empty lines; whatever they say ends in settings or in named problems.
@Sendable func fuzzConfig(_ bytes: Bytes) {
    let parts = bytes.repairedText.split(separator: "\n\n", maxSplits: 2, omittingEmptySubsequences: false)
    func lines(_ part: Int) -> [String] {
        part < parts.count ? parts[part].split(separator: "\n").map(String.init) : []
    }
    let variables = lines(1).map { $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
    let environment = Dictionary(variables.map { (String($0[0]), String($0.dropFirst().joined())) }) { $1 }
    let document = parts.count > 2 ? try? JSON.parse(Bytes(parts[2]), limits: JSONLimits(depthMax: 16)) : nil
    let file = document.map { tree($0.root) }
    _ = Configuration.filePath(flags: lines(0), environment: environment)
    do throws(ConfigurationError) {
        let read = try Configuration.parse(flags: lines(0), environment: environment, file: file)
        expect(read.resolved.count == Setting.table.count, "every setting has a value")
        let flags = read.resolved.filter { $0.source != .standard && !$0.setting.isSecret }
            .map { "\($0.setting.flag)=\($0.shownText)" }
        let again = try Configuration.parse(flags: flags, environment: [:], file: nil)
        expect(again.changes(from: read).allSatisfy(\.setting.isSecret), "flags say what any source says")
    } catch {
        expect(!error.problems.isEmpty, "a refusal has a reason")
        expect(error.problems.allSatisfy { !$0.description.isEmpty }, "a reason has words")
    }
}

private func tree(_ view: JSONView) -> ConfigValue {
    switch view.kind {
    case .null: .null
    case .bool: .bool(view.bool ?? false)
    case .integer, .double: .number(view.raw.repairedText)
    case .string: .string(view.string ?? "")
    case .array: .array(view.elements.map(tree))
    case .object: .object(view.members.map { (key: $0.name, value: tree($0.value)) })
    }
}

/// Ways around the compiler's guarantees: counted in each file, and never to become more.
struct Hatches {
    private let file: SwiftFile
    private(set) var uses: [Use] = []
    private(set) var findings: [Finding] = []

    init(_ file: SwiftFile) {
        self.file = file
        for index in file.tokens.indices {
            checkWord(index)
            checkForce(index)
        }
    }

    private mutating func checkWord(_ index: Int) {
        let token = file.tokens[index]
        guard token.kind == .word,
            file.token(index - 1)?.isMark(".") != true || token.text == "assumeIsolated"
        else {
            return
        }
        switch token.text {
        case "Task" where !file.isTest && startsTask(index):
            use("task", token, "a task outside the structure; run a `Service` or a child task")
        case "unchecked" where file.token(index + 1)?.isWord("Sendable") == true:
            use("unchecked-sendable", token, "`@unchecked Sendable`")
            requireSafety(token, "`@unchecked Sendable`")
        case "nonisolated" where file.token(index + 2)?.isWord("unsafe") == true:
            use("nonisolated-unsafe", token, "`nonisolated(unsafe)`")
            requireSafety(token, "`nonisolated(unsafe)`")
        case "assumeIsolated": use("assume-isolated", token, "`assumeIsolated`")
        case "unowned" where !file.isTest: use("unowned", token, "`unowned`")
        case "fatalError" where !file.isTest: use("fatal-error", token, "`fatalError`")
        case "preconditionFailure" where !file.isTest:
            use("precondition-failure", token, "`preconditionFailure`")
        default: break
        }
    }

    private mutating func checkForce(_ index: Int) {
        let token = file.tokens[index]
        guard token.kind == .mark, token.isGlued, let before = file.token(index - 1) else { return }
        if token.text == "?" {
            if before.isWord("try"), !file.isTest, !isExplained(token.line) {
                use("optional-try", token, "`try?` without a comment that says why the error does not matter")
            }
            return
        }
        guard token.text == "!" else { return }
        if before.isWord("try") {
            use("force-try", token, "`try!`")
        } else if before.isWord("as") {
            use("force-cast", token, "`as!`")
        } else if !isOperator(index), endsOperand(before) {
            use("force-unwrap", token, "`!`")
        }
    }

    /// `Task {`, `Task(…) {`, `Task.detached` and their like; not `Task.sleep`, and not the type `Task<A, B>`.
    private func startsTask(_ index: Int) -> Bool {
        guard let next = file.token(index + 1) else { return false }
        if next.isMark("{") || next.isMark("(") { return true }
        if next.isMark(".") {
            return ["detached", "immediate", "immediateDetached", "init"].contains(
                file.token(index + 2)?.text)
        }
        guard next.isMark("<"), next.isGlued else { return false }
        var depth = 0
        for position in (index + 1)..<file.tokens.count {
            if file.tokens[position].isMark("<") { depth += 1 }
            if file.tokens[position].isMark(">") { depth -= 1 }
            guard depth == 0 else { continue }
            let after = file.token(position + 1)
            return after?.isMark("(") == true || after?.isMark("{") == true
        }
        return false
    }

    private func isOperator(_ index: Int) -> Bool {
        guard let next = file.token(index + 1), next.isGlued else { return false }
        return next.isMark("=")
    }

    private func endsOperand(_ token: Token) -> Bool {
        switch token.kind {
        case .word, .text: true
        case .mark: [")", "]", "}", "?", ">"].contains(token.text)
        }
    }

    private func isExplained(_ line: Int) -> Bool {
        file.comments.contains { $0.line == line || $0.line == line - 1 }
    }

    /// The invariant stands on the line, in the lines right above it, or first thing below it.
    private mutating func requireSafety(_ token: Token, _ what: String) {
        let codeLines = Set(file.tokens.map(\.line))
        let saying = Set(file.comments.filter { $0.text.contains("SAFETY:") }.map(\.line))
        let talking = Set(file.comments.map(\.line))
        if saying.contains(token.line + 1) || saying.contains(token.line + 2) { return }
        var line = token.line
        while line > 0, codeLines.contains(line) || talking.contains(line), line > token.line - 12 {
            if saying.contains(line) { return }
            line -= 1
        }
        let message = "\(what) needs a `// SAFETY:` comment that names the invariant"
        findings.append(Finding(path: file.path, line: token.line, rule: "safety", message: message))
    }

    private mutating func use(_ rule: String, _ token: Token, _ message: String) {
        uses.append(Use(rule: rule, path: file.path, line: token.line, message: message))
    }
}

/**
 * What keeps a process from starting and is for its operator to mend: a sentence with what to do. The log says it
 * without a stack, unlike a defect of ours.
 */
export class StartProblem extends Error {
  override readonly name: string = 'StartProblem';
}

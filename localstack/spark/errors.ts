/** An answer other than success, as EMR Serverless gives it: `name` is the exception the SDK throws. */
export class ApiError extends Error {
  readonly status: number

  constructor(name: string, status: number, message: string) {
    super(message)
    this.name = name
    this.status = status
  }
}

/** The request asks for what is not valid, or for what the laptop stage does not implement. */
export const invalid = (message: string): ApiError => new ApiError('ValidationException', 400, message)

export const notFound = (message: string): ApiError => new ApiError('ResourceNotFoundException', 404, message)

export const conflict = (message: string): ApiError => new ApiError('ConflictException', 409, message)
